"""Assesses scenarios in several processes of this machine."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection, Pipe

from ...errors import RefusedError
from ...scenarios.scenario import Scenario
from ..verdicts import ScenarioVerdict
from .messages import GivenUp, Workload
from .runner import Assessed, Assignment

_RESTARTS = 3
"""How often the process that forks workers may die before all is given up."""


class LostProcessError(Exception):
    """The process that the workers are forked from has died again and again."""


class Processes:
    """One process prepares the cluster, and as many as `workers` share what it has prepared."""

    def __init__(self, workers: int | None = None) -> None:
        """By default one for each processor."""
        self._workers = workers or len(os.sched_getaffinity(0))

    def run(self, assignment: Assignment, scenarios: Sequence[Scenario]) -> Iterator[Assessed]:
        """As `ScenarioRunner.run`. A scenario that kills its process again and again gets a verdict that says so.

        Raises
        ------
        LostProcessError
            When nothing can be assessed any more.
        """
        left = dict(enumerate(scenarios))
        for _ in range(_RESTARTS):
            # what has been assessed stays so; another process goes on from there
            with suppress(EOFError, ConnectionError):
                for result in _results(Workload(assignment, left, self._workers)):
                    scenario = left.pop(result.number)
                    yield result if isinstance(result, Assessed) else _given_up(result, scenario)
            if not left:
                return
        raise LostProcessError(f"{len(left)} scenarios were not assessed: the process for them died {_RESTARTS} times")


def _given_up(result: GivenUp, scenario: Scenario) -> Assessed:
    return Assessed(result.number, ScenarioVerdict.unassessed(scenario.name, result.why))


def _results(given: Workload) -> Iterator[Assessed | GivenUp]:
    """What the process says, until it has said all.

    Raises
    ------
    EOFError, ConnectionError
        When it died.
    """
    with _process() as connection:
        connection.send(given)
        while True:
            result = connection.recv()
            if result is None:
                return
            if isinstance(result, RefusedError):
                raise result
            yield result


@contextmanager
def _process() -> Iterator[Connection]:
    """A process of its own, which ends with the block."""
    ours, theirs = Pipe()
    command = [sys.executable, "-m", "trimtab_solver.what_if.runners.forking", str(theirs.fileno())]
    with subprocess.Popen(command, pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL) as process:  # noqa: S603 - this very program
        theirs.close()
        try:
            yield ours
        finally:
            ours.close()
            try:
                process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                process.kill()
