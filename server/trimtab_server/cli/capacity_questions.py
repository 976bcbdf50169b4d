"""What ``trimtab whatif`` is asked beside verdicts: survivability, headroom, growth, admission of a change."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
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
    availability: bool = False
    rates: Path | None = None
    remedies: bool = False
    admit: bool = False
    headroom: Sequence[str] = ()
    within: str = ""
    growth: float = 0.0

    def check(self) -> None:
        """Raises CommandError when several are asked at once, or a place without a question about it."""
        if self._number > 1:
            names = "--survivability, --availability, --remedies, --admit, --headroom, --growth"
            raise CommandError(ExitCode.USAGE, [f"ask one of {names} at a time"])
        if self.rates is not None and not self.availability:
            raise CommandError(ExitCode.USAGE, ["--rates says how often parts fail for --availability; ask that"])
        if self.within and not self.headroom:
            raise CommandError(ExitCode.USAGE, ["--within says where guests of --headroom are to run; ask that"])

    @property
    def is_any(self) -> bool:
        """Whether one is asked."""
        return self._number > 0

    @property
    def _number(self) -> int:
        asked = (self.survivability, self.availability, self.remedies, self.admit, self.headroom, self.growth)
        return sum(bool(one) for one in asked)


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
    if questions.availability:
        return _availability(questions.rates, assignment, runner)
    promise = _promise(asked, assignment, tiers)
    if questions.remedies:
        return _remedies(assignment, promise, runner)
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


def _availability(rates: Path | None, assignment: Assignment, runner: ScenarioRunner) -> tuple[Report, bool]:
    """What each application reaches, and whether the targets of its tiers are met."""
    from trimtab_solver.what_if.availability.rates_file import read_rates
    from trimtab_solver.what_if.availability.reporting import AvailabilityOptions, availability_report

    from ..reports.availability import availability_page

    options = AvailabilityOptions(assessment=assignment.options, seed=assignment.options.seed)
    if rates is not None:
        options = replace(options, rates=read_rates(str(rates), rates.read_bytes()))
    found = availability_report(assignment.assessor().start, options, runner)
    return availability_page(found), found.is_met


def _remedies(assignment: Assignment, promise: Promise, runner: ScenarioRunner) -> tuple[Report, bool]:
    """What keeps the promise where it is broken now."""
    from trimtab_solver.what_if.remedies import find_remedies

    from ..reports.remedies import remedies_report

    found = find_remedies(assignment, promise, runner)
    return remedies_report(found), bool(found.remedies) or not found.broken


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
