"""Benchmarks: quality at a fixed budget and time to the answer, on instances anybody can make again."""
