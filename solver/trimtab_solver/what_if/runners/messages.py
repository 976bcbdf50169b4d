"""What the process that workers are forked from hears and says, beside verdicts."""

from __future__ import annotations

from dataclasses import dataclass

from ...scenarios.scenario import Scenario
from .runner import Assignment


@dataclass(frozen=True, slots=True)
class Workload:
    """What the process is given at first: the assignment, its scenarios by number, and how many work at a time."""

    assignment: Assignment
    scenarios: dict[int, Scenario]
    workers: int


@dataclass(frozen=True, slots=True)
class GivenUp:
    """A scenario that has cost several workers their lives; `why` in words."""

    number: int
    why: str
