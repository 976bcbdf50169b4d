"""What an instance is made of: the numbers of the benchmark. Frozen: a change makes a new benchmark."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, NamedTuple


class Flavour(NamedTuple):
    """A size on offer; `weight` guests of a hundred have it."""

    cpu_milli: int
    memory_mib: int
    weight: int


class HostClass(NamedTuple):
    """A kind of hardware, relative to the others; a rack holds one kind."""

    name: str
    cpu: float
    memory: float


FLAVOURS: Final = (
    Flavour(500, 1024, 6),
    Flavour(1000, 1024, 6),
    Flavour(1000, 2048, 14),
    Flavour(1000, 4096, 12),
    Flavour(2000, 4096, 16),
    Flavour(2000, 8192, 14),
    Flavour(4000, 8192, 10),
    Flavour(2000, 16384, 5),
    Flavour(4000, 16384, 8),
    Flavour(8000, 16384, 3),
    Flavour(8000, 32768, 4),
    Flavour(16000, 32768, 2),
)
HOST_CLASSES: Final = (HostClass("a", 1.0, 1.0), HostClass("b", 1.0, 1.25), HostClass("c", 1.5, 1.5))
TIER_SHARES: Final = {"gold": 0.20, "silver": 0.30, "bronze": 0.50}
GROUPED_SHARE: Final = 0.30
"""Guests in an anti-affinity group."""
GROUP_SHARES: Final = {"host": 0.70, "rack": 0.20, "site": 0.10}
"""Of the grouped guests, those whose group keeps apart at this level."""
GROUP_SIZES: Final = {"host": (2, 5), "rack": (2, 3), "site": (2, 2)}
"""Least and most members."""
NEEDY_SHARE: Final = 0.05
"""Guests that require a capability of their host; half of them one, half the other."""
NEEDS: Final = ("nvme", "licensed")
CPU_SLACK: Final = 0.85
"""CPU is this much less loaded than memory, so that memory is the tighter resource."""
SITES: Final = 3
PARTS: Final = 12
"""Racks, or above `ROOMS_ABOVE` hosts rooms of several racks; equally many per site."""
ROOMS_ABOVE: Final = 200
HOSTS_PER_RACK: Final = 20
SMALL_CLUSTER: Final = 10
"""Up to so many hosts there are six racks, and a small failure is that of one host."""


@dataclass(frozen=True, slots=True)
class Size:
    """A cluster size and the seconds that a planner gets for it."""

    hosts: int
    vms: int
    budget_s: float

    @property
    def name(self) -> str:
        """As ``200x5000``."""
        return f"{self.hosts}x{self.vms}"


SIZES: Final = (
    Size(10, 250, 5.0),
    Size(50, 1250, 5.0),
    Size(200, 5000, 10.0),
    Size(1000, 25_000, 20.0),
    Size(5000, 50_000, 30.0),
    Size(5000, 122_000, 30.0),
)
LOADS: Final = (0.80, 0.95, 1.02)
"""Demand of all guests over the capacity of the surviving hosts, in memory, the tighter resource."""
FAILURES: Final = ("small", "site")
SIZINGS: Final = ("rigid", "resizable")
"""The two policies: guests keep their size, or Silver and Bronze may shrink."""
SEEDS: Final = (1, 2, 3)


@dataclass(frozen=True, slots=True)
class Recipe:
    """What one instance is generated from."""

    size: Size
    load: float
    failure: str
    seed: int

    @property
    def name(self) -> str:
        """As ``200x5000-small-1.02-s1``."""
        return f"{self.size.name}-{self.failure}-{self.load:.2f}-s{self.seed}"


def recipes() -> Iterator[Recipe]:
    """All instances of the benchmark, small ones first."""
    for size in SIZES:
        for failure in FAILURES:
            for load in LOADS:
                for seed in SEEDS:
                    yield Recipe(size, load, failure, seed)
