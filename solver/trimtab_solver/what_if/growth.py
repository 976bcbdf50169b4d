"""Growth: for how long a promise is kept while demand grows by so many percent a month."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, datetime

from ..policy.documents import Selector
from ..scenarios.scenario import Demand, Scenario
from .changing import Changed, ChangePlanner
from .number_search import largest
from .promise import BrokenPromise, Promise, broken_by
from .runners.runner import Assignment, ScenarioRunner

_MOST_PERCENT = 10_000
"""Demand is not looked at beyond a hundred times that of today."""


@dataclass(frozen=True, slots=True)
class Growth:
    """How many months of growth a cluster takes."""

    percent: float
    """By how much demand grows in a month."""
    kept: int | None
    """After so many months all have what they request, nobody is lost and the promise is kept, by verified plans.

    None: it is not kept today.
    """
    fails: int | None
    """The first month of those tried after which that is not shown; None: the last month that was looked at is kept."""
    fails_at: str
    """The month and year of it, such as ``2031-04``; empty where the snapshot does not tell its time."""
    demand_percent: int
    """Demand in that month, in percent of that of today; of the last month looked at where none fails."""
    broken: tuple[BrokenPromise, ...] = ()
    """Scenarios in which the promise is broken then; none where not everybody has what it requests before any fails."""


def growth(cluster: Assignment, percent: float, promise: Promise, runner: ScenarioRunner, months: int = 120) -> Growth:
    """Looks for the first month in which the promise is not shown to be kept.

    All guests request more of every resource, rounded up to whole percents of what they request now; the plan for that
    is carried out before the scenarios of the promise run.

    Raises
    ------
    ValueError
        When `percent` is not above 0.
    SnapshotRefusedError, PolicyRefusedError
        When the cluster cannot be planned for as it is.
    """
    if percent <= 0:
        raise ValueError(f"growth of {percent} % a month is none")
    most = math.floor(math.log(_MOST_PERCENT / 100) / math.log1p(percent / 100))
    probe = _Months(cluster, percent, promise, runner)
    found = largest(probe.keeps, min(months, most))
    last = min(months, most) if found.fails is None else found.fails
    taken_at = cluster.snapshot.taken_at
    at = month_after(taken_at, found.fails) if taken_at and found.fails is not None else ""
    return Growth(percent, found.passes, found.fails, at, probe.demand(last), probe.broken.get(last, ()))


def month_after(taken_at: int, months: int) -> str:
    """The year and month so many months after a time in seconds since the epoch."""
    start = datetime.fromtimestamp(taken_at, UTC)
    years, month = divmod(start.month - 1 + months, 12)
    return f"{start.year + years:04d}-{month + 1:02d}"


class _Months:
    """Tries months, and remembers what spoke against each."""

    def __init__(self, cluster: Assignment, percent: float, promise: Promise, runner: ScenarioRunner) -> None:
        self._planner = ChangePlanner(cluster)
        self._percent, self._promise, self._runner = percent, promise, runner
        self._resources = sorted({name for vm in cluster.snapshot.vms for name in vm.requested})
        self._short = _shrunk(self._planner.make(Scenario(name="today"), is_searched=False))
        self.broken: dict[int, tuple[BrokenPromise, ...]] = {}

    def demand(self, month: int) -> int:
        """In percent of that of today."""
        # what is 102 by arithmetic must not become 103 by a rounding of floats
        return math.ceil(round(100 * (1 + self._percent / 100) ** month, 6))

    def keeps(self, month: int) -> bool:
        """Whether it is shown that the promise is kept after so many months."""
        percent = dict.fromkeys(self._resources, self.demand(month))
        grown = (Demand(select=Selector(cel="true"), percent=percent),) if month and percent else ()
        changed = self._planner.make(Scenario(name=f"after {month} months", scale=grown))
        if changed.cluster is None or changed.not_started or changed.verdict.last.lost:
            return False
        if _shrunk(changed) > self._short:
            return False
        if broken := broken_by(self._runner, changed.cluster, self._promise):
            self.broken[month] = broken
            return False
        return True


def _shrunk(changed: Changed) -> int:
    return sum(fate.shrunk for fate in changed.verdict.last.tiers)
