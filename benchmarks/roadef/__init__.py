"""The machine reassignment benchmark of the ROADEF/EURO challenge 2012, solved by the general engine.

``python -m benchmarks.roadef MODEL INITIAL --seconds S --seed N --out ASSIGNMENT`` solves one instance;
``python -m benchmarks.roadef --all --seconds S`` solves all that are at hand and prints the scores.
"""
