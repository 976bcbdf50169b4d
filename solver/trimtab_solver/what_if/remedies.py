"""Remedies: what would keep a promise that is broken, found by trying it, the cheapest first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from ..actions import Plan
from ..errors import RefusedError
from ..scenarios.scenario import Scenario
from .changing import ChangePlanner
from .promise import BrokenPromise, Promise, broken_by
from .remedy_candidates import RemedyCandidate, RemedyCosts, RemedyKind, candidates
from .remedy_moves import Remedied
from .runners.runner import Assignment, ScenarioRunner


@dataclass(frozen=True, slots=True)
class RemedyOptions:
    """How far the search goes."""

    costs: RemedyCosts = field(default_factory=RemedyCosts)
    most_hosts: int = 4
    """So many hosts are added at most."""
    wanted: int = 3
    """It ends when so many remedies are found."""
    tries: int = 100
    """It ends when so many candidates were tried."""


@dataclass(frozen=True, slots=True)
class Remedy:
    """A change with which the promise is kept in every one of its scenarios, each by a verified plan."""

    kind: RemedyKind
    subject: str
    """The host that added ones are like, the rule, the tier or the pool; of moves the host that they empty, if any."""
    cost: int
    number: int
    """Of hosts that are added, or of guests that move."""
    domains: tuple[str, ...]
    """The failure domains in which hosts are added."""
    cluster: Assignment
    """The cluster with it, on which the scenarios were run."""
    plan: Plan | None = None
    """The moves, verified."""


@dataclass(frozen=True, slots=True)
class RemedySearch:
    """What was found."""

    broken: tuple[BrokenPromise, ...]
    """What is to be mended: the scenarios in which the promise is broken as things are."""
    remedies: tuple[Remedy, ...]
    """The cheapest first. None is a combination of several changes of different kinds."""
    tried: int
    """How many candidates were tried."""
    left: int
    """How many were not, because enough were found or tried; none of them is cheaper than what was tried."""

    @property
    def is_needed(self) -> bool:
        """Whether anything is broken at all."""
        return bool(self.broken)


def find_remedies(
    cluster: Assignment,
    promise: Promise,
    runner: ScenarioRunner,
    options: RemedyOptions | None = None,
    to_start: Sequence[str] = (),
) -> RemedySearch:
    """Tries candidates in the order of their cost until enough of them keep the promise.

    Each is tried on the scenarios that are broken, and if it mends them on all others of the promise. Guests of
    `to_start`, such as those that a change has added in vain, must run with it as well, before anything fails.

    Raises
    ------
    SnapshotRefusedError, PolicyRefusedError
        When the cluster cannot be planned for as it is.
    """
    options = options or RemedyOptions()
    broken = broken_by(runner, cluster, promise)
    if not broken and not to_start:
        return RemedySearch((), (), 0, 0)
    to_try = candidates(ChangePlanner(cluster), promise, broken, options.costs, options.most_hosts)
    trial = _Trial(promise, runner, [one.scenario for one in broken], to_start)
    found: list[Remedy] = []
    tried = 0
    for candidate in to_try:
        if len(found) >= options.wanted or tried >= options.tries:
            break
        tried += 1
        if any(_is_more_of_the_same(candidate, remedy) for remedy in found):
            continue
        if (remedied := trial.keeps(candidate)) is not None:
            found.append(_remedy(candidate, remedied))
    return RemedySearch(broken, tuple(found), tried, len(to_try) - tried)


def _is_more_of_the_same(candidate: RemedyCandidate, remedy: Remedy) -> bool:
    """Whether fewer of such hosts do it, or a rule need only be relaxed."""
    if candidate.subject != remedy.subject:
        return False
    if candidate.kind is RemedyKind.ADD_HOSTS:
        return remedy.kind is candidate.kind and remedy.domains == candidate.domains
    return candidate.kind is RemedyKind.SWITCH_OFF_RULE and remedy.kind is RemedyKind.RELAX_RULE


def _remedy(candidate: RemedyCandidate, remedied: Remedied) -> Remedy:
    return Remedy(
        candidate.kind,
        candidate.subject,
        candidate.cost,
        candidate.number,
        candidate.domains,
        remedied.cluster,
        remedied.plan,
    )


@dataclass(frozen=True, slots=True)
class _Trial:
    promise: Promise
    runner: ScenarioRunner
    failing: Sequence[str]
    to_start: Sequence[str]

    def keeps(self, candidate: RemedyCandidate) -> Remedied | None:
        """The cluster with the candidate, if the promise is kept on it."""
        try:
            remedied = candidate.make()
            if remedied is None:
                return None
            if self.to_start:
                remedied = self._started(remedied)
            if remedied is None or (self.failing and self._is_broken(remedied, self.failing)):
                return None
            return None if self._is_broken(remedied, ()) else remedied
        except RefusedError:
            # what cannot be planned for is no remedy: a rule, for example, that another document relies on
            return None

    def _is_broken(self, remedied: Remedied, only: Sequence[str]) -> bool:
        return bool(broken_by(self.runner, remedied.cluster, self.promise, only))

    def _started(self, remedied: Remedied) -> Remedied | None:
        """The cluster when all have been started who are to be, if they can be."""
        changed = ChangePlanner(remedied.cluster).make(Scenario(name="start"), is_searched=False)
        if changed.cluster is None or changed.verdict.last.lost:
            return None
        running = {vm.id for vm in changed.cluster.snapshot.vms if vm.is_running}
        return Remedied(changed.cluster, remedied.plan) if running.issuperset(self.to_start) else None
