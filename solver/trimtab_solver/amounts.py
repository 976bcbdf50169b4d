"""Amounts of resources in words: cores, GiB, and other resources by their names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

_MIB_PER_GIB: Final = 1024
_UNITS: Final = {"cpu_milli": "1/1000 core", "memory_mib": "MiB", "disk_gib": "GiB"}
_NOUNS: Final = {"cpu_milli": "CPU", "memory_mib": "memory", "disk_gib": "disk"}


def describe_amount(resource: str, amount: int) -> str:
    """So much of a resource, as in ``4 GiB memory`` or ``1.5 cores``."""
    noun = _NOUNS.get(resource, resource)
    if resource == "cpu_milli":
        return count_cores(amount)
    if resource == "memory_mib":
        return f"{spell_mib(amount)} {noun}"
    return f"{amount} GiB {noun}" if resource == "disk_gib" else f"{amount} {noun}"


def describe_size(size: Mapping[str, int]) -> str:
    """An allocation, as in ``2 cores, 4 GiB memory``."""
    return ", ".join(describe_amount(name, amount) for name, amount in sorted(size.items())) or "nothing"


def name_resource(resource: str) -> str:
    """What the resource is called without an amount: ``CPU``, ``memory``."""
    return _NOUNS.get(resource, resource)


def name_unit(resource: str) -> str:
    """What amounts of the resource count: ``1/1000 core``, ``MiB``; other resources count themselves."""
    return _UNITS.get(resource, resource)


def count_cores(milli: int) -> str:
    """``1 core``, ``2.5 cores``."""
    return f"{milli / 1000:g} core" + ("" if milli == 1000 else "s")


def spell_mib(mib: int) -> str:
    """An amount of memory: ``6.4 GiB``, below 1 GiB ``512 MiB``, so that it never reads as nothing."""
    if abs(mib) < _MIB_PER_GIB:
        return f"{mib} MiB"
    return f"{round(mib / _MIB_PER_GIB, 1):g} GiB"
