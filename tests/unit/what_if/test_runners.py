"""Runners come to the same verdicts, and lose nothing when processes die."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from threading import Thread

import pytest

from tests.support.batches import ASSIGNMENT, LONG, SCENARIOS, by_number, wait_for
from trimtab_solver.errors import SnapshotRefusedError
from trimtab_solver.snapshot import Snapshot
from trimtab_solver.what_if.runners.here import Here
from trimtab_solver.what_if.runners.processes import LostProcessError, Processes
from trimtab_solver.what_if.runners.ray import RayCluster, RayMissingError
from trimtab_solver.what_if.runners.runner import Assignment
from trimtab_solver.what_if.verdicts import Basis


def children(pid: int) -> list[int]:
    """The processes that a process has started and that live."""
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


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
    run.close()  # type: ignore[attr-defined]  # a generator, which the protocol does not promise
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


def test_ray_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the extra that brings it; everything else about Ray is tested where it is installed, by `make ray`."""
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(RayMissingError, match=r"install trimtab\[ray\]"):
        next(iter(RayCluster().run(ASSIGNMENT, SCENARIOS)))
