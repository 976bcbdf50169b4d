"""Faults planted on purpose, each with the check that has to notice it."""
