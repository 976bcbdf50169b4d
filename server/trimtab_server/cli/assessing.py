"""Assesses scenarios for the command line: with progress where a person watches, and ended by Ctrl-C."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from .interruption import ended_by_interrupt

if TYPE_CHECKING:
    from trimtab_solver.scenarios.scenario import Scenario
    from trimtab_solver.what_if.runners.runner import Assessed, Assignment
    from trimtab_solver.what_if.verdicts import ScenarioVerdict

_EVERY_S = 1.0
_FEW = 3
_INTERRUPTED = "Ending with the verdicts that there are; Ctrl-C again ends the command without them."


@dataclass(frozen=True, slots=True)
class Verdicts:
    """The verdicts reached, and whether the work was cut off before all were."""

    verdicts: list[ScenarioVerdict]
    is_cut_off: bool


def assess(
    assignment: Assignment, scenarios: Sequence[Scenario], workers: int | None, journal: Path | None
) -> Verdicts:
    """The verdicts on all scenarios, those that displace most of the highest rank first.

    Raises
    ------
    RefusedError
        When the cluster cannot be planned for, or the journal is of something else.
    """
    from trimtab_solver.prepared import prepare_lazily
    from trimtab_solver.what_if.severity import Displacement

    start = prepare_lazily(assignment.snapshot, assignment.policy, is_strict=False)
    ordered = [scenarios[number] for number in Displacement(start).worst_first(scenarios)]
    found: list[ScenarioVerdict] = []
    progress = _Progress(len(ordered))
    with ended_by_interrupt(_INTERRUPTED) as stop:
        for _, verdict in _results(assignment, ordered, workers, journal):
            found.append(verdict)
            progress.show(found)
            if stop.is_set():
                break
    progress.end()
    return Verdicts(found, is_cut_off=len(found) < len(ordered))


def _results(
    assignment: Assignment, scenarios: Sequence[Scenario], workers: int | None, path: Path | None
) -> Iterator[Assessed]:
    from trimtab_solver.what_if.journal import Journal
    from trimtab_solver.what_if.runners.here import Here
    from trimtab_solver.what_if.runners.processes import Processes
    from trimtab_solver.what_if.runners.runner import ScenarioRunner

    # processes of their own would take longer than a few scenarios
    runner: ScenarioRunner = Here() if len(scenarios) <= _FEW else Processes(workers)
    if path is None:
        yield from runner.run(assignment, scenarios)
        return
    with Journal(path, assignment) as journal:
        yield from journal.run(runner, assignment, scenarios)


class _Progress:
    """A line on stderr, if that is a terminal: how many are done, how many of them lose somebody, and how long yet."""

    def __init__(self, number: int) -> None:
        self._number, self._began, self._shown = number, time.monotonic(), 0.0
        self._is_watched = sys.stderr.isatty()
        self._first_s = 0.0
        """When the first verdict was there: what came before is no measure for the others."""

    def show(self, found: Sequence[ScenarioVerdict]) -> None:
        """Says it, unless it was said just now."""
        now = time.monotonic() - self._began
        self._first_s = self._first_s or now
        if not self._is_watched or (now - self._shown < _EVERY_S and len(found) < self._number):
            return
        self._shown = now
        losing = sum(bool(verdict.last.lost) for verdict in found)
        left = ""
        if len(found) > 1:
            seconds = (now - self._first_s) / (len(found) - 1) * (self._number - len(found))
            left = f", about {_words(seconds)} left"
        text = f"{len(found)} of {self._number} scenarios, {losing} lose guests{left}"
        print(f"\r{text:<78}", end="", file=sys.stderr, flush=True)

    def end(self) -> None:
        """Makes room for what follows."""
        if self._is_watched:
            print(f"\r{'':<78}\r", end="", file=sys.stderr, flush=True)


def _words(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"
