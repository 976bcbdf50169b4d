"""Amounts of resources in words."""

from __future__ import annotations

from trimtab_solver.amounts import describe_size


def test_sizes_are_described() -> None:
    """Usual resources have their unit; any other keeps its name."""
    assert describe_size({"memory_mib": 6554, "cpu_milli": 1500, "gpu": 2}) == "1.5 cores, 2 gpu, 6.4 GiB memory"
    assert describe_size({}) == "nothing"
