"""What ``trimtab whatif`` is asked beside verdicts: survivability, headroom, growth, admission of a change."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from .exits import CommandError, ExitCode

if TYPE_CHECKING:
    from trimtab_solver.snapshot import Snapshot
    from trimtab_solver.what_if.promise import Promise
    from trimtab_solver.what_if.runners.runner import Assignment, ScenarioRunner

    from ..reports.model import Report
    from .asked_scenarios import Asked


_FEW_HOSTS = 50


@dataclass(frozen=True, slots=True)
class CapacityQuestions:
    """What is asked, at most one of them: as it was written."""

    survivability: bool = False
    admit: bool = False
    headroom: Sequence[str] = ()
    within: str = ""
    growth: float = 0.0

    def check(self) -> None:
        """Raises CommandError when several are asked at once, or a place without a question about it."""
        asked = [bool(one) for one in (self.survivability, self.admit, self.headroom, self.growth)]
        if sum(asked) > 1:
            raise CommandError(ExitCode.USAGE, ["ask one of --survivability, --admit, --headroom, --growth at a time"])
        if self.within and not self.headroom:
            raise CommandError(ExitCode.USAGE, ["--within says where guests of --headroom are to run; ask that"])

    @property
    def is_any(self) -> bool:
        """Whether one is asked."""
        return bool(self.survivability or self.admit or self.headroom or self.growth)


def answer(
    questions: CapacityQuestions, asked: Asked, assignment: Assignment, tiers: Sequence[str], workers: int | None
) -> tuple[Report, bool]:
    """The report, and whether the answer is as one would have it."""
    from trimtab_solver.what_if.runners.here import Here
    from trimtab_solver.what_if.runners.processes import Processes

    # most questions run many small batches: on a small cluster processes would take longer to start than to work
    is_small = len(assignment.snapshot.hosts) <= _FEW_HOSTS
    runner: ScenarioRunner = Here() if is_small or workers == 1 else Processes(workers)
    if questions.survivability:
        return _survivability(asked, assignment, runner), True
    promise = _promise(asked, assignment, tiers)
    if questions.admit:
        return _admission(asked, assignment, promise, runner)
    if questions.headroom:
        return _headroom(questions, assignment, promise, runner)
    return _growth(questions.growth, assignment, promise, runner)


def _promise(asked: Asked, assignment: Assignment, tiers: Sequence[str]) -> Promise:
    """That the losses of --n-1 and --n-2, by default of each host, cost no guest of the tiers."""
    from trimtab_solver.prepared import prepare_lazily
    from trimtab_solver.what_if.promise import ONE_HOST, Promise, promised_tiers

    from .asked_scenarios import kinds_of

    selection = prepare_lazily(assignment.snapshot, assignment.policy, is_strict=False).selection
    written = [*((text, 1) for text in asked.singles), *((text, 2) for text in asked.doubles)]
    losses = tuple((tuple(kinds_of(text, assignment.snapshot)), number) for text, number in written)
    return Promise(tuple(tiers) or promised_tiers(selection), losses or (ONE_HOST,))


def _survivability(asked: Asked, assignment: Assignment, runner: ScenarioRunner) -> Report:
    """Of the losses of --n-1 and --n-2, by default of every single part of every kind."""
    from trimtab_solver.what_if.survivability import survivability

    from ..reports.survivability import survivability_report
    from .asked_scenarios import batches_of

    if not asked.singles and not asked.doubles:
        asked = replace(asked, singles=_kinds(assignment.snapshot))
    (batch,) = batches_of(asked, assignment.snapshot, assignment.policy)
    start = assignment.assessor().start
    return survivability_report(survivability(start, batch.scenarios, runner.run(assignment, batch.scenarios)))


def _kinds(snapshot: Snapshot) -> list[str]:
    from trimtab_solver.execution.parts import Parts

    return sorted(Parts(snapshot).kinds)


def _admission(asked: Asked, assignment: Assignment, promise: Promise, runner: ScenarioRunner) -> tuple[Report, bool]:
    """Whether what the other options say may be done."""
    from trimtab_solver.what_if.admission import AdmissionAnswer, admit

    from ..reports.admission_answer import admission_answer_report
    from .asked_scenarios import batches_of

    change = replace(asked, singles=(), doubles=(), drills=())
    (batch,) = batches_of(change, assignment.snapshot, assignment.policy)
    (scenario,) = batch.scenarios
    found = admit(assignment, scenario, promise, runner)
    return admission_answer_report(found), found.answer is AdmissionAnswer.YES


def _headroom(
    questions: CapacityQuestions, assignment: Assignment, promise: Promise, runner: ScenarioRunner
) -> tuple[Report, bool]:
    """For guests like each that is named."""
    from trimtab_solver.what_if.headroom import GuestFlavour, headroom

    from ..reports.headroom import headroom_report

    flavours = [GuestFlavour(like, within=questions.within) for like in questions.headroom]
    found = [headroom(assignment, flavour, promise, runner) for flavour in flavours]
    return headroom_report(found), all(one.least is not None for one in found)


def _growth(percent: float, assignment: Assignment, promise: Promise, runner: ScenarioRunner) -> tuple[Report, bool]:
    from trimtab_solver.what_if.growth import growth

    from ..reports.headroom import growth_report

    found = growth(assignment, percent, promise, runner)
    return growth_report(found), found.kept is not None
