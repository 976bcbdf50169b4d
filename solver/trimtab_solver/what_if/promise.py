"""What is promised of a cluster: which losses of parts cost no guest of which tiers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ..policy.documents import Policy
from ..policy.selection import Selection
from ..rules.tier import Availability, ranked_tiers
from ..scenarios.generation import losses
from ..scenarios.scenario import Scenario
from ..snapshot import Snapshot
from .runners.runner import Assignment, ScenarioRunner
from .shortage import is_proven_short
from .verdicts import Basis, ScenarioVerdict, StepVerdict

PartLosses = tuple[tuple[str, ...], int]
"""Kinds of parts, and how many of them are lost at once."""
ONE_HOST: PartLosses = (("host",), 1)


@dataclass(frozen=True, slots=True)
class Promise:
    """No guest of the `tiers` that runs is lost when so many parts fail at once, nor in any of `others`.

    `losses` are generated on the cluster as it then is: hosts that are added may fail as well.
    """

    tiers: tuple[str, ...]
    losses: tuple[PartLosses, ...] = (ONE_HOST,)
    others: tuple[Scenario, ...] = ()

    def scenarios(self, snapshot: Snapshot) -> tuple[Scenario, ...]:
        """All scenarios of a cluster in which the promise is to hold, in the order of `losses`, then the others."""
        found = [scenario for kinds, number in self.losses for scenario in losses(snapshot, kinds, number)]
        return (*found, *self.others)


@dataclass(frozen=True, slots=True)
class BrokenPromise:
    """A scenario in which the promise is not known to hold."""

    scenario: str
    lost: Mapping[str, int]
    """By tier of the promise, how many guests that ran before do not run after the first step that loses any.

    Empty where nothing is known of the scenario.
    """
    basis: Basis
    is_proven: bool = False
    """No plan for the cluster, as it is before the scenario, keeps the promise in it."""
    why: str = ""
    """Why nothing is known."""


def promised_tiers(selection: Selection) -> tuple[str, ...]:
    """The tiers that must run and, where the policy has none, those of the highest rank."""
    tiers = ranked_tiers(selection)
    must_run = tuple(document.name for document, tier in tiers if tier.availability is Availability.MUST_RUN)
    return must_run or tuple(document.name for document, tier in tiers if tier.rank == tiers[0][1].rank)


def broken_by(
    runner: ScenarioRunner, cluster: Assignment, promise: Promise, only: Sequence[str] = ()
) -> tuple[BrokenPromise, ...]:
    """The scenarios in which the promise is not kept; none: each has a verified plan that loses nobody of it.

    `only` names the scenarios that are looked at, if not all.

    Raises
    ------
    SnapshotRefusedError, PolicyRefusedError
        When the cluster cannot be planned for as it is.
    """
    scenarios = [scenario for scenario in promise.scenarios(cluster.snapshot) if not only or scenario.name in only]
    results = sorted(runner.run(cluster, scenarios), key=lambda result: result.number)
    judged = (_judge(result.verdict, promise, cluster.policy) for result in results)
    return tuple(broken for broken in judged if broken is not None)


def _judge(verdict: ScenarioVerdict, promise: Promise, policy: Policy) -> BrokenPromise | None:
    for step in verdict.steps:
        if step.basis is Basis.NONE:
            why = "; ".join((*map(str, step.refused), *step.notes))
            return BrokenPromise(verdict.scenario, {}, step.basis, why=why or "it has no plan")
        if lost := lost_of(step, promise.tiers):
            # of later steps bounds hold for the plans that were carried out before, and others might do better
            is_proven = step is verdict.steps[0] and is_proven_short(step, policy, promise.tiers)
            return BrokenPromise(verdict.scenario, lost, step.basis, is_proven)
    return None


def lost_of(step: StepVerdict, tiers: Sequence[str]) -> Mapping[str, int]:
    """By tier, of those named, how many guests that ran before do not run after the step."""
    return {tier: number for tier, number in step.lost.items() if tier in tiers}
