"""Availability: which class applications reach, and how much of the time they may be expected to serve."""
