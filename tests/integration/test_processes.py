"""Solver processes end when they should, and take nothing with them."""

from __future__ import annotations

import functools
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final

import grpc
import pytest

from tests.integration import requests
from tests.integration.running import (
    PATIENCE_S,
    RunningServer,
    code_of,
    eventually,
    is_alive,
    refused,
    retry_delay_s,
    running_server,
)
from tests.siege.processes import freeze
from trimtab.v1 import planning_service_pb2 as pb
from trimtab.v1 import planning_service_pb2_grpc

_IN_TIME_S: Final = 2.0
"""A search with a budget of three seconds is still at work then."""


def _wait_until_idle(server: RunningServer) -> None:
    eventually(lambda: not server.solver_pids(), "no solver process is left")


def test_front_process_never_loads_the_engines(server: RunningServer) -> None:
    """The libraries of OR-tools are mapped in the fork server and not in the process that serves."""
    server.planning.CreatePlan(requests.small(), timeout=PATIENCE_S)
    assert "ortools" in Path(f"/proc/{server.fork_server_pid()}/maps").read_text()
    assert "ortools" not in Path(f"/proc/{server.process.pid}/maps").read_text()


def test_front_modules_import_no_engine() -> None:
    """Importing everything that the front runs does not import OR-tools or the planner."""
    script = (
        "import sys, trimtab_server.__main__, trimtab_server.app; "
        "sys.exit(any(name in sys.modules for name in ('ortools', 'trimtab_solver.planner')))"
    )
    subprocess.run([sys.executable, "-c", script], check=True)


def test_every_request_gets_a_process_forked_from_one_server(server: RunningServer) -> None:
    """Five requests, five processes, and the fork server that loaded the engines before the first of them."""
    fork_server = server.fork_server_pid()
    ids = [f"forked-{number}" for number in range(5)]
    for request_id in ids:
        request = requests.small(validate_only=True, request_id=request_id)
        server.planning.CreatePlan(request, timeout=PATIENCE_S)
    pids = {server.logged("request_decided", request_id=request_id)["pid"] for request_id in ids}
    assert len(pids - {server.process.pid, fork_server}) == 5
    assert server.fork_server_pid() == fork_server


@pytest.mark.parametrize("method", ["CreatePlan", "StreamPlan"])
def test_cancelling_ends_the_solver(server: RunningServer, method: str) -> None:
    """A call that is cancelled leaves no process behind, though it had budget for longer than the test waits."""
    _wait_until_idle(server)
    request = requests.long(budget_s=2 * round(PATIENCE_S))
    call: grpc.Future[pb.CreatePlanResponse] | grpc.Call
    if method == "CreatePlan":
        call = server.planning.CreatePlan.future(request)
    else:
        call = server.planning.StreamPlan(requests.as_stream(request))
    pid = server.one_solver()
    call.cancel()
    eventually(lambda: not is_alive(pid), "the solver of a cancelled call is gone")
    server.logged("request_decided", method=method, status="CANCELLED")
    _wait_until_idle(server)
    assert server.is_healthy()


def test_clients_that_leave_right_after_the_answer_do_no_harm() -> None:
    """A stream left after its last message does not end the server, which once asked a dead call for its peer."""
    with running_server() as server:
        for _ in range(6):
            with grpc.insecure_channel(f"127.0.0.1:{server.port}") as channel:
                stub = planning_service_pb2_grpc.PlanningServiceStub(channel)
                stream = stub.StreamPlan(requests.as_stream(requests.small()), timeout=PATIENCE_S)
                assert any(response.WhichOneof("event") == "answer" for response in stream)
        assert server.planning.CreatePlan(requests.small(), timeout=PATIENCE_S).answer.certificate.verified
        assert server.process.poll() is None


def test_killed_solver_costs_its_own_request_only(server: RunningServer) -> None:
    """SIGKILL on a solver fails that call with SOLVER_CRASHED; a call beside it and later calls are answered."""
    _wait_until_idle(server)
    with ThreadPoolExecutor() as pool:
        doomed = pool.submit(lambda: refused(lambda: server.planning.CreatePlan(requests.long(), timeout=PATIENCE_S)))
        pid = server.one_solver()
        other = pool.submit(lambda: server.planning.CreatePlan(requests.small(), timeout=PATIENCE_S))
        os.kill(pid, signal.SIGKILL)
        code, info, _ = doomed.result(PATIENCE_S)
        assert (code, info.reason) == (grpc.StatusCode.INTERNAL, "SOLVER_CRASHED")
        assert info.metadata["exit_code"] == "-9"
        assert other.result(PATIENCE_S).answer.certificate.verified
    assert server.is_healthy()
    assert server.planning.CreatePlan(requests.small(), timeout=PATIENCE_S).answer.certificate.verified


def test_killed_fork_server_is_replaced() -> None:
    """Without its fork server the service starts a new one for the next call."""
    with running_server() as server:
        before = server.fork_server_pid()
        os.kill(before, signal.SIGKILL)
        eventually(lambda: not is_alive(before), "the fork server is gone")
        assert server.planning.CreatePlan(requests.small(), timeout=PATIENCE_S).answer.certificate.verified
        assert server.fork_server_pid() != before


def test_deadline_is_met_with_an_answer(server: RunningServer) -> None:
    """Of a deadline the solver gets what the margin leaves, so that the answer arrives before the call is given up."""
    request = requests.long()
    request.ClearField("time_budget")
    response = server.planning.CreatePlan(request, timeout=8.0)
    assert response.answer.certificate.verified


def test_deadline_that_leaves_no_time_is_refused(server: RunningServer) -> None:
    """A deadline within the margin is refused at once with the time that would be needed."""
    code, info, _ = refused(lambda: server.planning.CreatePlan(requests.small(), timeout=0.5))
    assert (code, info.reason) == (grpc.StatusCode.FAILED_PRECONDITION, "DEADLINE_TOO_SHORT")
    assert float(info.metadata["needed_s"]) > float(info.metadata["remaining_s"]) > 0


def test_hung_solver_is_killed_after_its_budget() -> None:
    """A process that reacts to nothing, SIGTERM included, is killed, and the slot is free again."""
    with running_server("--workers", "1", "--overrun-s", "0.5") as server, ThreadPoolExecutor() as pool:
        pid, call = _frozen_at_work(server, pool)
        code, info, _ = call.result(PATIENCE_S)
        assert (code, info.reason) == (grpc.StatusCode.DEADLINE_EXCEEDED, "SOLVER_OVERRAN")
        eventually(lambda: not is_alive(pid), "the hung solver is gone")
        assert server.planning.CreatePlan(requests.small(), timeout=PATIENCE_S).answer.certificate.verified


def _frozen_at_work(server: RunningServer, pool: ThreadPoolExecutor) -> tuple[int, Future[Any]]:
    """A solver process that is stopped before its budget is over, and the refusal that its call waits for.

    Its budget has to be shorter than what passes for hanging. On a busy machine it may be over before this process gets
    to stop it: then another call is made.
    """
    while True:
        began = time.monotonic()
        stream = server.planning.StreamPlan(requests.as_stream(requests.long(3)), timeout=PATIENCE_S)
        # its budget is known from here on
        assert next(stream).HasField("accepted")
        for pid in server.solver_pids():
            freeze(pid)
            if time.monotonic() - began < _IN_TIME_S:
                return pid, pool.submit(refused, functools.partial(list, stream))
        stream.cancel()
        _wait_until_idle(server)


def test_full_queue_says_when_to_come_back() -> None:
    """With one solver and no queue a second call is refused as BUSY with a delay; health is not affected."""
    with running_server("--workers", "1", "--queue", "0") as server:
        busy = server.planning.CreatePlan.future(requests.long())
        server.one_solver()
        small = functools.partial(server.planning.CreatePlan, requests.small(), timeout=PATIENCE_S)
        code, info, _ = refused(small)
        assert (code, info.reason) == (grpc.StatusCode.RESOURCE_EXHAUSTED, "BUSY")
        assert 1 <= retry_delay_s(small) <= 60
        assert server.is_healthy()
        busy.cancel()
        _wait_until_idle(server)
        eventually(lambda: code_of(small) is grpc.StatusCode.OK, "the slot of the cancelled call is free")


def test_waiting_request_is_served_when_a_slot_is_free() -> None:
    """With one solver a second call waits its turn in the queue, and one that is cancelled there costs nothing."""
    with running_server("--workers", "1", "--queue", "2") as server:
        busy = server.planning.CreatePlan.future(requests.long())
        server.one_solver()
        given_up = server.planning.CreatePlan.future(requests.small())
        waiting = server.planning.CreatePlan.future(requests.small(seed=1))
        given_up.cancel()
        busy.cancel()
        assert waiting.result(PATIENCE_S).answer.certificate.verified


def test_request_beyond_the_memory_limit_fails_alone() -> None:
    """A request that needs more memory than one may use is refused as such, and the next one is served."""
    with running_server("--memory-mib", "128", "--workers", "1") as server:
        vm = requests.small_snapshot().vms[0]
        huge = pb.CreatePlanRequest(policy=requests.SERVER_POLICY)
        huge.snapshot.hosts.extend(requests.small_snapshot().hosts)
        huge.snapshot.vms.extend([vm] * 150_000)
        code, info, _ = refused(lambda: server.planning.CreatePlan(huge, timeout=PATIENCE_S))
        assert (code, info.reason) == (grpc.StatusCode.RESOURCE_EXHAUSTED, "SOLVER_OUT_OF_MEMORY")
        assert info.metadata["limit_mib"] == "128"
        assert server.is_healthy()


def test_no_process_outlives_a_killed_front() -> None:
    """When the front dies without a chance to clean up, solvers and fork server end by themselves."""
    with running_server() as server:
        call = server.planning.CreatePlan.future(requests.long())
        pids = [server.one_solver(), server.fork_server_pid()]
        server.process.kill()
        eventually(lambda: not any(is_alive(pid) for pid in pids), "solver and fork server are gone")
        assert code_of(lambda: call.result(PATIENCE_S)) is grpc.StatusCode.UNAVAILABLE
