"""The problem with guests counted by kind and hosts by type: a linear program over it and the bounds of its prices."""
