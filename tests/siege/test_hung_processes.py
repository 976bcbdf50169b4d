"""A process that hangs but is not dead is noticed and replaced, and keeps nobody from ending."""

from __future__ import annotations

import functools
import signal
import time
from concurrent.futures import ThreadPoolExecutor

import grpc
import pytest

from tests.integration import requests
from tests.integration.running import PATIENCE_S, code_of, eventually, refused
from tests.siege.besieged import Besieged, besieged
from tests.siege.processes import descendants, freeze
from trimtab.v1 import planning_service_pb2 as pb

_NOTICED_S = 10.0


def _is_planned(server: Besieged, request: pb.CreatePlanRequest, timeout_s: float) -> bool:
    return code_of(lambda: server.planning.CreatePlan(request, timeout=timeout_s)) is grpc.StatusCode.OK


def test_every_process_of_the_tree_may_hang() -> None:
    """Each in turn is stopped: within ten seconds a plan is made, or health says that none can be; then one is made."""
    with besieged("--workers", "1") as server:
        seeds = iter(range(1000))
        for index in range(len(list(descendants(server.process.pid)))):
            (*pids,) = descendants(server.process.pid)
            freeze(pids[min(index, len(pids) - 1)])
            began = time.monotonic()
            while server.is_serving() and not _is_planned(server, requests.small(seed=next(seeds)), _NOTICED_S):
                assert time.monotonic() - began < 2 * _NOTICED_S, "it says that it serves, and does not"
            assert time.monotonic() - began < 2 * _NOTICED_S
            eventually(server.is_serving, "it serves again")
            eventually(lambda: _is_planned(server, requests.small(seed=next(seeds)), 10), "it plans again")


def test_a_solver_that_hangs_at_work_frees_its_place() -> None:
    """Its call learns within ten seconds that it may be sent again; the place is free for others."""
    with besieged("--workers", "1") as server, ThreadPoolExecutor() as pool:
        before = set(descendants(server.process.pid))
        call = pool.submit(lambda: refused(lambda: server.planning.CreatePlan(requests.long(), timeout=PATIENCE_S)))
        eventually(lambda: server.metric("trimtab_busy_workers") == 1, "it works")
        for pid in {*before, *descendants(server.process.pid)} - {next(descendants(server.process.pid))}:
            freeze(pid)
        code, info, _ = call.result(_NOTICED_S + 10)
        assert (code, info.reason) == (grpc.StatusCode.UNAVAILABLE, "SOLVER_HUNG")
        assert server.planning.CreatePlan(requests.small(), timeout=PATIENCE_S).answer.certificate.verified


@pytest.mark.parametrize("everything", [False, True])
def test_sigterm_ends_it_whatever_hangs(everything: bool) -> None:
    """The fork server, or all processes below the front, are stopped: it ends within its grace and five seconds."""
    grace_s = 2.0
    with besieged("--workers", "1", "--grace-s", str(grace_s)) as server:
        call = server.planning.CreatePlan.future(requests.long(), timeout=PATIENCE_S)
        eventually(lambda: server.metric("trimtab_busy_workers") == 1, "it works")
        pids = list(descendants(server.process.pid))
        for pid in pids if everything else pids[:1]:
            freeze(pid)
        assert server.stop() < grace_s + 5
        assert server.process.returncode == 0
        call.cancel()


def test_calls_that_wait_hear_of_a_shutdown_at_once() -> None:
    """They do not wait for the grace, which is for the call that is worked on."""
    with besieged("--workers", "1", "--grace-s", "20") as server, ThreadPoolExecutor() as pool:
        busy = server.planning.CreatePlan.future(requests.long(6), timeout=PATIENCE_S)
        eventually(lambda: server.metric("trimtab_busy_workers") == 1, "it works")
        plans = (
            functools.partial(server.planning.CreatePlan, requests.small(seed=seed), timeout=PATIENCE_S)
            for seed in range(3)
        )
        waiting = [pool.submit(refused, plan) for plan in plans]
        eventually(lambda: server.metric("trimtab_waiting_requests") == 3, "they wait")
        server.process.send_signal(signal.SIGTERM)
        for call in waiting:
            _, info, _ = call.result(PATIENCE_S)
            assert info.reason == "SHUTTING_DOWN"
        assert not busy.done()
        assert busy.result(PATIENCE_S).answer.certificate.verified
