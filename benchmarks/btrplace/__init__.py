"""The instances of the BtrPlace evaluation: thousands of placement rules, nodes gone, VMs to run again.

``python -m benchmarks.btrplace FILE --seconds S --out PLAN`` plans one.

Source of the instances: F. Hermenier, J. Lawall, G. Muller, "BtrPlace: a flexible consolidation manager for highly
available applications", IEEE Transactions on Dependable and Secure Computing 10(5), 2013; published with 3 minutes per
instance, 30 s when partitioned.
"""
