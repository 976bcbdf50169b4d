"""What a solver process does with one request, without the process."""

from __future__ import annotations

import dataclasses

import pytest
from google.protobuf.empty_pb2 import Empty
from google.protobuf.wrappers_pb2 import BytesValue

from tests.support import solving
from tests.support.solving import REVIEW, frames_until_the_end, worker_of
from trimtab.v1 import planning_service_pb2 as pb
from trimtab_server.dispatch.child import respond
from trimtab_server.dispatch.frames import (
    Accepted,
    Failed,
    Frame,
    ProgressMessage,
    Response,
    Stop,
    WorkReport,
    encode,
    receive_frame,
)
from trimtab_server.dispatch.method import Method
from trimtab_server.status import ServiceError, reason_of


def _responded(method: Method, request: bytes = b"", **job: object) -> list[Frame]:
    worker, front = worker_of(method, request, None, **job)
    respond(worker)
    return frames_until_the_end(front)


def _method(work: str) -> Method:
    return dataclasses.replace(REVIEW, work=f"{solving.__name__}:{work}")


def test_a_response_follows_its_report() -> None:
    """The report has the stages of the request."""
    request = BytesValue(value=b"abc").SerializeToString()
    report, response = _responded(REVIEW, request)
    assert isinstance(report, WorkReport)
    assert list(report.facts["stages_s"]) == ["parse", "encode"]
    assert response == Response(request)


@pytest.mark.parametrize(
    ("work", "request_bytes", "reason", "fault"),
    [
        ("echo", b"\xff", "INVALID_REQUEST", ""),
        ("defect", b"", "INTERNAL_FAILURE", "ZeroDivisionError: planted"),
        ("wrong", b"", "INTERNAL_FAILURE", "AssertionError"),
        ("missing", b"", "INTERNAL_FAILURE", "has no attribute 'missing'"),
    ],
)
def test_whatever_goes_wrong_is_a_status(work: str, request_bytes: bytes, reason: str, fault: str) -> None:
    """What the caller may correct has its own reason; a defect is told to the log, not to the caller."""
    report, end = _responded(_method(work), request_bytes)
    assert isinstance(report, WorkReport)
    assert isinstance(end, Failed)
    assert reason_of(end.status) == reason
    assert fault in report.facts.get("fault", "")
    assert "planted" not in end.status.message


def test_too_little_memory_has_its_own_reason() -> None:
    """The caller learns the limit."""
    too_much = 1 << 62
    _, end = _responded(_method("greedy"), memory_bytes=too_much)
    assert isinstance(end, Failed)
    assert reason_of(end.status) == "SOLVER_OUT_OF_MEMORY"
    assert f"{too_much >> 20} MiB" in end.status.message


def test_an_answer_that_cannot_be_sent_is_refused_with_its_size() -> None:
    """The caller learns why, and the log knows the same code."""
    request = BytesValue(value=b"x" * 1000).SerializeToString()
    _, end = _responded(REVIEW, request, answer_bytes=len(request) - 1)
    assert isinstance(end, Failed)
    assert reason_of(end.status) == "ANSWER_TOO_LARGE"
    assert _responded(REVIEW, request, answer_bytes=len(request))[-1] == Response(request)


def test_what_the_work_says_arrives_in_order() -> None:
    """Acceptance and progress at once, facts and outcome with the report."""
    worker, front = worker_of(REVIEW)
    worker.accept("id", 2.0)
    worker.publish(pb.StreamPlanResponse(progress=pb.Progress(engine="greedy")))
    worker.note(a=1)
    worker.note(b=2)
    worker.count_plan("OPTIMAL", ["exact"])
    assert receive_frame(front) == Accepted("id", 2.0)
    progress = receive_frame(front)
    assert isinstance(progress, ProgressMessage)
    assert pb.StreamPlanResponse.FromString(progress.content).progress.engine == "greedy"
    assert worker.report() == WorkReport({"a": 1, "b": 2, "stages_s": {}}, "OPTIMAL", ("exact",))


def test_the_front_can_ask_for_the_best() -> None:
    """Stop sets the event that the engines watch."""
    worker, front = worker_of(REVIEW)
    assert not worker.stop.is_set()
    front.sendall(encode(Stop()))
    assert worker.stop.wait(60)


def test_a_server_without_a_policy_says_so() -> None:
    """A request that relies on the server's policy is refused; one that brings its own is read."""
    worker, _ = worker_of(_method("echo"))
    with pytest.raises(ServiceError, match="no policy of its own"):
        worker.policy(None)
    text = b"apiVersion: trimtab/v1\nkind: Tier\nmetadata: {name: t}\nspec: {rank: 1, availability: best-effort}\n"
    assert [document.name for document in worker.policy({"p.yaml": text}).documents] == ["t"]


def test_messages_are_parsed_anew() -> None:
    """Nobody else holds the message, so that its memory is free when the work lets go of it."""
    worker, _ = worker_of(dataclasses.replace(REVIEW, request=Empty))
    assert worker.message() is not worker.message()
