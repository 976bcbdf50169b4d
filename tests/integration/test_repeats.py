"""Repeating a call with a `request_id`."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import grpc

from tests.integration import requests
from tests.integration.running import PATIENCE_S, RunningServer, eventually, refused
from trimtab.v1 import planning_service_pb2 as pb
from trimtab.v1 import snapshot_pb2


def _decisions(server: RunningServer, request_id: str) -> int:
    return sum(entry.get("request_id") == request_id for entry in server.log if entry["event"] == "request_decided")


def test_repeated_call_gets_the_stored_answer(server: RunningServer) -> None:
    """The second call with the same bytes is answered without a second solver, byte for byte."""
    request = requests.small(request_id="again")
    one = server.planning.CreatePlan(request, timeout=PATIENCE_S)
    other = server.planning.CreatePlan(request, timeout=PATIENCE_S)
    server.logged("request_joined", request_id="again")
    assert one.SerializeToString(deterministic=True) == other.SerializeToString(deterministic=True)
    server.logged("request_decided", request_id="again")
    assert _decisions(server, "again") == 1


def test_repeated_stream_gets_accepted_and_answer(server: RunningServer) -> None:
    """A stream that is repeated after its end is accepted and answered."""
    request = requests.as_stream(requests.small(request_id="stream-again"))
    *_, answer = server.planning.StreamPlan(request, timeout=PATIENCE_S)
    first, second = server.planning.StreamPlan(request, timeout=PATIENCE_S)
    assert first.accepted.request_id == "stream-again"
    assert second == answer


def test_other_bytes_under_a_used_id_are_refused(server: RunningServer) -> None:
    """An id stands for one request of one method."""
    server.planning.CreatePlan(requests.small(request_id="used"), timeout=PATIENCE_S)
    other = requests.small(request_id="used", seed=5)
    code, info, _ = refused(lambda: server.planning.CreatePlan(other, timeout=PATIENCE_S))
    assert (code, info.reason) == (grpc.StatusCode.ALREADY_EXISTS, "REQUEST_ID_REUSED")
    assert info.metadata["request_id"] == "used"
    stream = requests.as_stream(requests.small(request_id="used"))
    code, info, _ = refused(lambda: list(server.planning.StreamPlan(stream, timeout=PATIENCE_S)))
    assert (code, info.reason) == (grpc.StatusCode.ALREADY_EXISTS, "REQUEST_ID_REUSED")


def test_concurrent_calls_share_one_solver(server: RunningServer) -> None:
    """A call that is repeated while it runs joins it; it goes on when the first caller gives up."""
    request = requests.as_stream(requests.long(3, request_id="shared"))
    first = server.planning.StreamPlan(request)
    assert next(first).accepted.request_id == "shared"
    second = server.planning.StreamPlan(request, timeout=PATIENCE_S)
    assert next(second).accepted.request_id == "shared"
    first.cancel()
    *_, last = second
    assert last.answer.certificate.verified
    # the line is written when the answer is out
    server.logged("request_decided", request_id="shared")
    assert _decisions(server, "shared") == 1


def test_calls_without_id_are_never_joined(server: RunningServer) -> None:
    """Equal requests without an id are planned each on its own."""
    before = _decisions(server, "")
    request = requests.small(seed=11)
    with ThreadPoolExecutor() as pool:
        calls = [pool.submit(lambda: server.planning.CreatePlan(request, timeout=PATIENCE_S)) for _ in range(2)]
        assert all(call.result(PATIENCE_S).answer.certificate.verified for call in calls)
    eventually(lambda: _decisions(server, "") == before + 2, "two decisions are logged")


def test_failed_call_frees_its_id(server: RunningServer) -> None:
    """After a refusal the corrected request may use the same id."""
    wrong = requests.small(request_id="freed", snapshot=snapshot_pb2.Snapshot())
    refused(lambda: server.planning.CreatePlan(wrong, timeout=PATIENCE_S))
    right = requests.small(request_id="freed")
    response: pb.CreatePlanResponse = server.planning.CreatePlan(right, timeout=PATIENCE_S)
    assert response.answer.certificate.verified
