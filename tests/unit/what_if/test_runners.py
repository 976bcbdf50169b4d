"""Runners come to the same verdicts, and lose nothing when processes die."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from threading import Thread

import pytest

from trimtab_server.sampling.generator import generate
from trimtab_server.sampling.options import SampleOptions
from trimtab_solver.authoring.loader import parse_policy
from trimtab_solver.errors import SnapshotRefusedError
from trimtab_solver.scenarios.generation import losses
from trimtab_solver.snapshot import Snapshot
from trimtab_solver.what_if.assessing import AssessmentOptions
from trimtab_solver.what_if.runners.here import Here
from trimtab_solver.what_if.runners.processes import LostProcessError, Processes
from trimtab_solver.what_if.runners.runner import Assessed, Assignment
from trimtab_solver.what_if.verdicts import Basis, ScenarioVerdict

SAMPLE = generate(SampleOptions(hosts=8, vms=60, load=1.02, seed=4))
ASSIGNMENT = Assignment(SAMPLE.snapshot, parse_policy(SAMPLE.policy), AssessmentOptions(budget_s=0.05, keep_plans=True))
SCENARIOS = tuple(losses(SAMPLE.snapshot, ("rack", "host"), 1))[:6]
LONG = replace(ASSIGNMENT, options=AssessmentOptions(budget_s=600.0, only_losses=False))
"""So much work for each scenario that there is time to end the process."""


def by_number(results: Iterable[Assessed]) -> dict[int, ScenarioVerdict]:
    """Each verdict once."""
    found: dict[int, ScenarioVerdict] = {}
    for number, verdict in results:
        assert number not in found
        found[number] = verdict
    return found


def children(pid: int) -> list[int]:
    """The processes that a process has started and that live."""
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def wait_for(find: Callable[[], list[int]]) -> list[int]:
    """What `find` finds, as soon as it finds something."""
    for _ in range(600):
        if found := find():
            return found
        time.sleep(0.05)
    pytest.fail("there was nothing to be found for half a minute")


def forking() -> list[int]:
    """The process that workers are forked from."""
    return [
        pid for pid in children(os.getpid()) if b"what_if.runners.forking" in Path(f"/proc/{pid}/cmdline").read_bytes()
    ]


def test_processes_come_to_the_same_verdicts() -> None:
    """Plans included; and none of them is left behind."""
    here = by_number(Here().run(ASSIGNMENT, SCENARIOS))
    assert here.keys() == set(range(len(SCENARIOS)))
    assert by_number(Processes(2).run(ASSIGNMENT, SCENARIOS)) == here
    assert len({verdict.last.basis for verdict in here.values()}) > 1
    assert not forking()


@pytest.mark.parametrize("of_what", ["worker", "process that forks"])
def test_a_death_in_mid_batch_loses_nothing(of_what: str) -> None:
    """What was in hand is tried again."""
    expected = by_number(Here().run(ASSIGNMENT, SCENARIOS))
    run = Processes(2).run(ASSIGNMENT, SCENARIOS)
    found = dict([next(run)])
    (parent,) = forking()
    os.kill(parent if of_what != "worker" else wait_for(lambda: children(parent))[0], signal.SIGKILL)
    rest = by_number(run)
    assert not rest.keys() & found.keys()
    assert found | rest == expected


def test_what_kills_every_process_costs_itself_alone() -> None:
    """It is given up after two attempts, and says so."""
    killed: list[int] = []

    def kill() -> None:
        for _ in range(2):
            (pid,) = wait_for(lambda: [pid for parent in forking() for pid in children(parent) if pid not in killed])
            killed.append(pid)
            os.kill(pid, signal.SIGKILL)

    killer = Thread(target=kill)
    killer.start()
    (result,) = Processes(1).run(LONG, SCENARIOS[:1])
    killer.join()
    last = result.verdict.last
    assert last.basis is Basis.NONE
    assert last.notes == ("the process that assessed it ended by signal 9, 2 times",)


def test_who_stops_asking_ends_the_work() -> None:
    """No process goes on."""
    run = Processes(2).run(ASSIGNMENT, SCENARIOS)
    next(run)
    pids = [*forking(), *children(forking()[0])]
    assert len(pids) > 1
    run.close()  # type: ignore[attr-defined]
    assert not [pid for pid in pids if Path(f"/proc/{pid}").exists()]


def test_a_cluster_that_is_refused_is_refused() -> None:
    """With the faults that preparing it raises here."""
    wrong = Assignment(Snapshot(), ASSIGNMENT.policy)
    with pytest.raises(SnapshotRefusedError) as here:
        list(Here().run(wrong, SCENARIOS))
    with pytest.raises(SnapshotRefusedError) as there:
        list(Processes(1).run(wrong, SCENARIOS))
    assert there.value.faults == here.value.faults


def test_when_nothing_can_be_assessed_that_is_said() -> None:
    """After a few attempts."""
    killed: list[int] = []

    def kill() -> None:
        for _ in range(3):
            (pid,) = wait_for(lambda: [pid for pid in forking() if pid not in killed])
            killed.append(pid)
            os.kill(pid, signal.SIGKILL)

    killer = Thread(target=kill)
    killer.start()
    with pytest.raises(LostProcessError, match="1 scenarios were not assessed"):
        list(Processes(1).run(LONG, SCENARIOS[:1]))
    killer.join()
