"""No client starves another, and no kind of work another kind."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import grpc
from google.rpc.error_details_pb2 import RetryInfo

from tests.integration import requests
from tests.integration.running import PATIENCE_S, eventually, status_of
from tests.siege.besieged import FULL, Besieged, besieged, channel_to
from trimtab.v1 import planning_service_pb2 as pb
from trimtab.v1 import planning_service_pb2_grpc, policy_service_pb2
from trimtab_server.status import reason_of

_PLANS = 200 if FULL else 12
_CLIENTS = 24 if FULL else 12
_RULE = """\
apiVersion: trimtab/v1
kind: Spread
metadata: {{name: s{number}}}
spec: {{select: {{cel: "vm.id.startsWith('x{number}')"}}, topology: rack, level: must, maxPerDomain: 1}}
---
"""


def _plan_small(server: Besieged, seeds: range) -> list[float]:
    """Plans of a client of its own, one after the other; gives how long each took."""
    took = []
    with channel_to(server.port) as channel:
        stub = planning_service_pb2_grpc.PlanningServiceStub(channel)
        for seed in seeds:
            began = time.monotonic()
            answer = stub.CreatePlan(requests.small(seed=seed), timeout=PATIENCE_S).answer
            assert answer.certificate.verified
            took.append(time.monotonic() - began)
    return took


def test_small_plans_are_made_beside_a_greedy_client() -> None:
    """A client that keeps six long calls under way does not keep another one from a single plan."""
    with besieged("--workers", "1") as server:
        alone = _plan_small(server, range(_PLANS))
        greedy = channel_to(server.port)
        stub = planning_service_pb2_grpc.PlanningServiceStub(greedy)
        calls = [stub.CreatePlan.future(requests.long(seed=seed), timeout=300) for seed in range(6)]
        eventually(lambda: server.metric("trimtab_waiting_requests") == 4, "the greedy client fills the queue")
        beside = _plan_small(server, range(1000, 1000 + _PLANS))
        for call in calls:
            call.cancel()
        greedy.close()
    print(f"\nsmall plans a second: {_PLANS / sum(alone):.1f} alone, {_PLANS / sum(beside):.1f} beside a greedy client")
    print(f"slowest: {max(alone):.2f} s alone, {max(beside):.2f} s beside")
    assert len(beside) == _PLANS


def test_plans_do_not_wait_for_lint() -> None:
    """Calls of another kind fill their own places: plans are made while those wait."""
    text = "".join(_RULE.format(number=number) for number in range(400))
    with besieged("--workers", "1") as server:
        request = policy_service_pb2.LintPolicyRequest(policy=requests.inline_policy(text))
        lints = [server.policy.LintPolicy.future(request, timeout=300) for _ in range(4)]
        eventually(lambda: server.metric("trimtab_waiting_requests", quota="REVIEW") == 3, "lints wait")
        assert server.planning.CreatePlan(requests.small(), timeout=PATIENCE_S).answer.certificate.verified
        assert server.metric("trimtab_waiting_requests", quota="REVIEW") >= 2
        for lint in lints:
            lint.cancel()


def test_obedient_clients_are_all_served() -> None:
    """Four times as many clients as there are places: each that comes back when it is told to gets its plan."""
    refusals: list[float] = []
    with besieged("--workers", "1", "--queue", "2") as server:

        def insist(number: int) -> bool:
            with channel_to(server.port) as channel:
                stub = planning_service_pb2_grpc.PlanningServiceStub(channel)
                return _plan_obediently(lambda: stub.CreatePlan(requests.small(seed=number), timeout=300), refusals)

        began = time.monotonic()
        with ThreadPoolExecutor(_CLIENTS) as pool:
            served = list(pool.map(insist, range(_CLIENTS)))
        took_s = time.monotonic() - began
    print(f"\n{_CLIENTS} obedient clients served in {took_s:.1f} s after {len(refusals)} refusals")
    print(f"longest delay told: {max(refusals, default=0):.2f} s")
    assert all(served)
    # what is told is measured, and not taken from budgets, which are 5 s here
    assert max(refusals, default=0) < max(2 * took_s, 5)


def _plan_obediently(plan: Callable[[], pb.CreatePlanResponse], refusals: list[float]) -> bool:
    pause = threading.Event()
    while True:
        try:
            return plan().answer.certificate.verified
        except grpc.RpcError as error:
            status = status_of(error)  # type: ignore[arg-type]  # errors of a call are calls too
            assert reason_of(status) == "BUSY"
            retry = RetryInfo()
            assert sum(detail.Unpack(retry) for detail in status.details) == 1
            refusals.append(retry.retry_delay.ToMilliseconds() / 1000)
            pause.wait(refusals[-1])


def test_identical_calls_share_one_request() -> None:
    """Two hundred calls with the same id and bytes are one request in the queue, and get one answer."""
    with besieged("--workers", "1") as server:
        busy = server.planning.CreatePlan.future(requests.long(), timeout=300)
        eventually(lambda: server.metric("trimtab_busy_workers") == 1, "it works")
        request = requests.small(request_id="one")
        calls = [server.planning.CreatePlan.future(request, timeout=300) for _ in range(200)]
        nameless = [server.planning.CreatePlan.future(requests.small(), timeout=300) for _ in range(50)]
        eventually(lambda: sum(call.done() for call in nameless) >= 47, "the queue is full and the others are refused")
        assert server.metric("trimtab_waiting_requests") == 4
        busy.cancel()
        answers = {call.result(300).SerializeToString(deterministic=True) for call in calls}
        assert len(answers) == 1
        assert server.metric("trimtab_plans_total") <= 5
