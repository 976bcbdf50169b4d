"""Scenarios on a Ray cluster: real daemons and workers, in a network namespace of their own (`make ray`)."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from tests.integration.running import eventually
from tests.support.batches import ASSIGNMENT, LONG, SCENARIOS, by_number, wait_for
from trimtab_solver.errors import SnapshotRefusedError
from trimtab_solver.snapshot import Snapshot
from trimtab_solver.what_if.runners.here import Here
from trimtab_solver.what_if.runners.ray import RayCluster
from trimtab_solver.what_if.runners.runner import Assignment
from trimtab_solver.what_if.verdicts import Basis

ray: Any = pytest.importorskip("ray", reason="Ray is not installed: `make ray` brings it and runs these tests")
if {name for _, name in socket.if_nameindex()} != {"lo"}:
    # its daemons would listen on the interfaces of this machine
    pytest.skip("Ray is tested in a network namespace of its own, by `make ray`", allow_module_level=True)


def working() -> list[int]:
    """The processes that assess a scenario for Ray; the namespace holds ours only."""
    return [pid for pid in everybody() if b"ray::assess" in Path(f"/proc/{pid}/cmdline").read_bytes()]


def everybody() -> list[int]:
    """Every process of the namespace but this one."""
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit() and entry.name != "1"]


def test_a_cluster_of_its_own_ends_with_the_work() -> None:
    """None of its processes is left."""
    before = everybody()
    (result,) = RayCluster(workers=1).run(ASSIGNMENT, SCENARIOS[:1])
    assert result == next(iter(Here().run(ASSIGNMENT, SCENARIOS[:1])))
    assert not ray.is_initialized()
    eventually(lambda: set(everybody()) <= set(before), "its processes have ended")


def test_a_cluster_at_an_address_is_used() -> None:
    """Through its client port; it stays when the work is done."""
    command = [str(Path(sys.executable).with_name("ray")), "start", "--head", "--block", "--num-cpus=2"]
    flags = ["--node-ip-address=127.0.0.1", "--ray-client-server-port=10001", "--include-dashboard=false"]
    expected = by_number(Here().run(ASSIGNMENT, SCENARIOS))
    with subprocess.Popen([*command, *flags], stdout=subprocess.DEVNULL) as head:
        try:
            eventually(lambda: _listens(10001), "the cluster is there")
            cluster = RayCluster("ray://127.0.0.1:10001")
            assert by_number(cluster.run(ASSIGNMENT, SCENARIOS)) == expected
            assert by_number(cluster.run(ASSIGNMENT, SCENARIOS[:1])) == {0: expected[0]}
            assert not ray.is_initialized()
        finally:
            head.terminate()


def _listens(port: int) -> bool:
    with socket.socket() as connection:
        return connection.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture(scope="module")
def connection() -> Iterator[None]:
    """A cluster of two processors, to which this process is connected."""
    ray.init("local", num_cpus=2, include_dashboard=False, log_to_driver=False)
    yield
    ray.shutdown()


def test_ray_comes_to_the_same_verdicts(connection: None) -> None:
    """Plans included."""
    assert by_number(RayCluster().run(ASSIGNMENT, SCENARIOS)) == by_number(Here().run(ASSIGNMENT, SCENARIOS))


def test_a_worker_killed_in_mid_batch_loses_nothing(connection: None) -> None:
    """What it had in hand is tried again."""
    expected = by_number(Here().run(ASSIGNMENT, SCENARIOS))
    run = RayCluster(workers=2).run(ASSIGNMENT, SCENARIOS)
    found = dict([next(run)])
    os.kill(wait_for(working)[0], signal.SIGKILL)
    rest = by_number(run)
    assert not rest.keys() & found.keys()
    assert found | rest == expected


def test_what_kills_every_worker_costs_itself_alone(connection: None) -> None:
    """It is given up after all attempts, and says so."""
    killed: list[int] = []

    def kill() -> None:
        for _ in range(4):
            pid = wait_for(lambda: [pid for pid in working() if pid not in killed])[0]
            killed.append(pid)
            os.kill(pid, signal.SIGKILL)

    killer = Thread(target=kill)
    killer.start()
    (result,) = RayCluster().run(LONG, SCENARIOS[:1])
    killer.join()
    last = result.verdict.last
    assert last.basis is Basis.NONE
    assert last.notes == ("the Ray worker that assessed it was lost 4 times (WorkerCrashedError)",)


def test_a_cluster_that_is_refused_is_refused(connection: None) -> None:
    """With the faults that preparing it raises here."""
    wrong = Assignment(Snapshot(), ASSIGNMENT.policy)
    with pytest.raises(SnapshotRefusedError) as here:
        list(Here().run(wrong, SCENARIOS))
    with pytest.raises(SnapshotRefusedError) as there:
        list(RayCluster().run(wrong, SCENARIOS))
    assert there.value.faults == here.value.faults


def test_who_stops_asking_ends_the_work(connection: None) -> None:
    """No worker goes on, and the connection that was there stays."""
    run = RayCluster().run(ASSIGNMENT, SCENARIOS)
    next(run)
    run.close()  # type: ignore[attr-defined]  # a generator, which the protocol does not promise
    eventually(lambda: not working(), "no worker assesses any more")
    assert ray.is_initialized()
