"""Turns rows into a report: claims with their figures, tables, plots. ``python -m benchmarks.report``."""
