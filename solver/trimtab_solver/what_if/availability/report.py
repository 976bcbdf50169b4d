"""What is found of the availability of a cluster."""

from __future__ import annotations

import enum
from collections.abc import Iterable
from dataclasses import dataclass

from .applications import Application, Criterion
from .classes import AvailabilityClass, ClassLimit
from .downtime import ReckonedBy


@dataclass(frozen=True, slots=True)
class Downtime:
    """Shares of all time in which a service is expected to be down, by cause; `least` and `most` enclose their sum."""

    failure: float
    shortage: float
    maintenance: float
    least: float
    most: float

    @property
    def total(self) -> float:
        """Whatever the cause; at most all time."""
        return min(1.0, self.failure + self.shortage + self.maintenance)


@dataclass(frozen=True, slots=True)
class ServiceAvailability:
    """An application by one criterion.

    `longest_s` is how long the failure of one part, or emptying a host, interrupts it at most by the plans found
    (infinite: it does not serve again by the plan), and `longest_scenario` the one that does, empty if none.
    """

    application: Application
    criterion: Criterion
    is_promised: bool
    reached: AvailabilityClass
    limit: ClassLimit | None
    longest_s: float
    longest_scenario: str
    expected: Downtime | None = None


class TargetVerdict(enum.StrEnum):
    """Whether a target is kept."""

    MET = "met"
    MISSED = "missed"
    UNDECIDED = "undecided"


class TargetKind(enum.StrEnum):
    """The field of a tier that states the target."""

    AVAILABILITY = "availabilityTarget"
    RESTART = "maxRestartTime"


@dataclass(frozen=True, slots=True)
class JudgedTarget:
    """One target of a tier, and the application that is the farthest from it.

    `stated` is as the tier writes it. `applications` have guests of the tier; of these `missed` and `undecided` are
    named, in the order of the cluster.
    """

    tier: str
    kind: TargetKind
    stated: str
    verdict: TargetVerdict
    applications: int
    missed: tuple[str, ...] = ()
    undecided: tuple[str, ...] = ()
    worst: ServiceAvailability | None = None


@dataclass(frozen=True, slots=True)
class AvailabilityReport:
    """Every application by each of its criteria, and the targets of the tiers.

    `by` is how expected downtime was found, None where it was left out. `without_pool` wanted guests name no storage
    pool: their data is taken to be wherever they may run. `left_out` are guests in quarantine.
    """

    services: tuple[ServiceAvailability, ...]
    by: ReckonedBy | None
    scenarios: int
    without_pool: int = 0
    left_out: tuple[str, ...] = ()
    targets: tuple[JudgedTarget, ...] = ()

    @property
    def promised(self) -> tuple[ServiceAvailability, ...]:
        """Each application once, by what was promised."""
        return tuple(service for service in self.services if service.is_promised)

    def of_tier(self, tier: str) -> tuple[ServiceAvailability, ...]:
        """Those of `promised` with guests of the tier."""
        return tuple(service for service in self.promised if tier in service.application.tiers)

    @property
    def is_met(self) -> bool:
        """Whether no target is missed or undecided."""
        return all(target.verdict is TargetVerdict.MET for target in self.targets)


def lowest(services: Iterable[ServiceAvailability]) -> AvailabilityClass:
    """The lowest class that any reaches; the highest one of none at all."""
    return min((service.reached for service in services), default=AvailabilityClass.AEC_5)
