"""Benchmarks: quality and bounds at a fixed budget, time and memory, on instances that anybody can make again.

``python -m benchmarks.run`` measures and writes rows, ``python -m benchmarks.report`` turns rows into tables and plots.
"""
