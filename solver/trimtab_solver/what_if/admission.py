"""Admission: whether a change of a cluster or its policy can be made, and a promise be kept."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass

from ..scenarios.scenario import Scenario
from .changing import Changed, ChangePlanner
from .promise import BrokenPromise, Promise, broken_by, lost_of
from .runners.runner import Assignment, ScenarioRunner
from .verdicts import Basis, StepVerdict


class AdmissionAnswer(enum.StrEnum):
    """Whether the change may be made."""

    YES = "YES"
    """Verified plans show it: for the change, and after it for every scenario of the promise."""
    NO = "NO"
    """Proven of the change, or of a scenario that follows upon the plan for it."""
    NOT_SHOWN = "NOT_SHOWN"
    """No plan was found that shows it, nor is it proven that there is none."""


@dataclass(frozen=True, slots=True)
class ChangeAdmission:
    """Whether a change may be made and a promise be kept, and what speaks against it."""

    answer: AdmissionAnswer
    change: StepVerdict
    """What comes of its last step, before anything fails."""
    lost: Mapping[str, int]
    """By tier of the promise, the guests that the change itself takes down for good."""
    not_started: tuple[str, ...]
    """Guests that it adds and that do not run."""
    not_emptied: tuple[str, ...]
    """Hosts that it drains and that are not empty."""
    broken: tuple[BrokenPromise, ...]
    """The scenarios in which the promise is broken after it."""
    broken_before: tuple[BrokenPromise, ...]
    """Those in which it is broken without it."""
    after: Assignment | None = None
    """The cluster with the plan for the change carried out, for who looks for remedies; None where it is refused."""

    @property
    def newly_broken(self) -> tuple[BrokenPromise, ...]:
        """What is broken after the change only, or loses more of some tier than without it."""
        before = {broken.scenario: broken.lost for broken in self.broken_before}
        return tuple(broken for broken in self.broken if _is_worse(broken, before.get(broken.scenario)))


def admit(cluster: Assignment, change: Scenario, promise: Promise, runner: ScenarioRunner) -> ChangeAdmission:
    """Makes the change with the plan as it would be made, and then runs the scenarios of the promise.

    A change is admitted when its guests all start, its hosts are emptied, it takes down nobody of the promised tiers,
    and the promise is kept from there on, for the guests that it adds as well. Another plan for the change than the one
    that was made might do better: where the answer is NO for a scenario, that is proven from that plan on.

    Raises
    ------
    SnapshotRefusedError, PolicyRefusedError
        When the cluster cannot be planned for as it is before the change.
    """
    before = broken_by(runner, cluster, promise)
    changed = ChangePlanner(cluster).make(change)
    broken = broken_by(runner, changed.cluster, promise) if changed.cluster is not None else ()
    last = changed.verdict.last
    lost = lost_of(last, promise.tiers)
    return ChangeAdmission(
        _answer(changed, promise, broken),
        last,
        lost,
        changed.not_started,
        changed.not_emptied,
        broken,
        before,
        changed.cluster,
    )


def _answer(changed: Changed, promise: Promise, broken: tuple[BrokenPromise, ...]) -> AdmissionAnswer:
    last = changed.verdict.last
    if last.refused:
        return AdmissionAnswer.NO
    if last.basis is Basis.NONE:
        return AdmissionAnswer.NOT_SHOWN
    if changed.is_proven_short(promise.tiers) or any(one.is_proven for one in broken):
        return AdmissionAnswer.NO
    if lost_of(last, promise.tiers) or broken or changed.not_started or changed.not_emptied:
        return AdmissionAnswer.NOT_SHOWN
    return AdmissionAnswer.YES


def _is_worse(broken: BrokenPromise, before: Mapping[str, int] | None) -> bool:
    return before is None or any(number > before.get(tier, 0) for tier, number in broken.lost.items())
