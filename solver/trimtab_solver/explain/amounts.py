"""Amounts of resources in words."""

from __future__ import annotations

from collections.abc import Mapping


def describe_amount(resource: str, amount: int) -> str:
    """So much of a resource, as in ``4 GiB memory``."""
    if resource == "cpu_milli":
        return f"{amount / 1000:g} CPU"
    if resource == "memory_mib":
        return f"{amount / 1024:.3g} GiB memory"
    if resource == "disk_gib":
        return f"{amount} GiB disk"
    return f"{amount} {resource}"


def describe_size(size: Mapping[str, int]) -> str:
    """An allocation, as in ``2 CPU, 4 GiB memory``."""
    return ", ".join(describe_amount(name, amount) for name, amount in sorted(size.items())) or "nothing"
