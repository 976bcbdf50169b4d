"""Faults planted in a good request, one by one: each is named so that the caller can correct it, and nothing breaks."""

from __future__ import annotations

import grpc
import pytest
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo

from tests.integration.planted import INVALID, PRECONDITION, good
from tests.integration.planted_faults import FAULTS
from tests.integration.running import PATIENCE_S, RunningServer, code_of, raw_call, refused
from trimtab.v1 import error_reason_pb2, plan_pb2
from trimtab.v1 import planning_service_pb2 as pb

_ERROR_DOMAIN = "trimtab.v1"


def _is_of_one_guest(path: str) -> bool:
    """Whether a fault at this path concerns the record of one guest alone."""
    field = path.partition("].")[2]
    unstated = field in ("id", "state", "migratability")
    return path.startswith("snapshot.vms[") and not unstated


def _planted(*names: str) -> pb.CreatePlanRequest:
    request = good()
    for name in names:
        FAULTS[name].plant(request)
    return request


def _refusal(server: RunningServer, request: pb.CreatePlanRequest) -> tuple[grpc.StatusCode, ErrorInfo, BadRequest]:
    return refused(lambda: server.planning.CreatePlan(request, timeout=PATIENCE_S))


@pytest.mark.parametrize("name", FAULTS)
def test_planted_fault_is_named(server: RunningServer, name: str) -> None:
    """The status code and the reason are right; a violation has the path, the value at fault and the fix."""
    fault, request = FAULTS[name], _planted(name)
    code, info, bad_request = _refusal(server, request)
    assert (code, info.reason, info.domain) == (fault.code, fault.reason, _ERROR_DOMAIN)
    violations = [violation for violation in bad_request.field_violations if violation.field == fault.field]
    assert violations, [(violation.field, violation.description) for violation in bad_request.field_violations]
    assert violations[0].reason == fault.reason
    missing = [words for words in fault.says if words not in violations[0].description]
    assert not missing, violations[0].description


@pytest.mark.parametrize("name", [name for name, fault in FAULTS.items() if _is_of_one_guest(fault.field)])
def test_one_bad_record_is_left_alone_unless_asked_to_be_strict(server: RunningServer, name: str) -> None:
    """The plan is made for all others, and the answer names the record with the fault that strict refuses."""
    fault, request = FAULTS[name], _planted(name)
    request.strict = False
    answer = server.planning.CreatePlan(request, timeout=PATIENCE_S).answer
    (record,) = answer.quarantined
    reason = error_reason_pb2.ErrorReason.Value(f"ERROR_REASON_{fault.reason}")
    assert (reason, fault.field) in {(one.reason, one.path) for one in record.faults}
    assert answer.certificate.verified
    assert record.vm_id not in {action.vm_id for action in answer.plan.actions}
    request.validate_only = True
    assert [one.vm_id for one in server.planning.CreatePlan(request, timeout=PATIENCE_S).answer.quarantined] == [
        record.vm_id
    ]


def test_faults_of_one_kind_are_reported_at_once(server: RunningServer) -> None:
    """With several faults planted in the snapshot, one refusal names them all."""
    names = ("unknown host", "zero capacity", "cycle of domains", "two hosts of one id", "negative failures")
    code, _, bad_request = _refusal(server, _planted(*names))
    assert code is INVALID
    assert {violation.field for violation in bad_request.field_violations} >= {FAULTS[name].field for name in names}


@pytest.mark.parametrize("seconds", [-1.0, 0.0, 0.001, 0.3])
def test_deadline_that_leaves_no_time_fails_at_once(server: RunningServer, seconds: float) -> None:
    """A deadline in the past, or too near, is an error of the call: never a hang, never an unverified answer."""
    code = code_of(lambda: server.planning.CreatePlan(good(), timeout=seconds))
    assert code in (grpc.StatusCode.DEADLINE_EXCEEDED, PRECONDITION)


@pytest.mark.parametrize("content", [b"\x00", b"garbage", b"\x0a\xff\xff\xff\xff\x0f", bytes(range(256)) * 64])
def test_garbage_is_refused(server: RunningServer, content: bytes) -> None:
    """Bytes that are no message of the contract are the caller's mistake."""
    code, info, bad_request = refused(lambda: raw_call(server.channel, "CreatePlan")(content))
    assert (code, info.reason) == (INVALID, "INVALID_REQUEST")
    assert bad_request.field_violations[0].field == "request"


def test_message_beyond_the_limit_is_refused(server: RunningServer) -> None:
    """A request that is larger than the server takes is refused by the transport."""
    options = [("grpc.max_send_message_length", -1)]
    with grpc.insecure_channel(f"127.0.0.1:{server.port}", options=options) as channel:
        code = code_of(lambda: raw_call(channel, "CreatePlan")(bytes(65 << 20)))
    assert code is grpc.StatusCode.RESOURCE_EXHAUSTED


@pytest.mark.parametrize(("old", "new"), [(b"{matchLabels: {zone: a}}", b"{ids: [nobody]}"), (b"zone: b", b"zone: z")])
def test_a_rule_that_selects_nothing_is_no_fault(server: RunningServer, old: bytes, new: bytes) -> None:
    """A must rule may be about guests that are not there now: the request is planned."""
    request = good()
    document = request.policy.inline.documents[0]
    document.content = document.content.replace(old, new)
    answer = server.planning.CreatePlan(request, timeout=PATIENCE_S).answer
    assert answer.outcome == plan_pb2.OUTCOME_OPTIMAL


def test_the_service_is_well_after_all_of_them(server: RunningServer) -> None:
    """After one of every fault in a row, the service is healthy and plans a good request as before."""
    for name in FAULTS:
        _refusal(server, _planted(name))
    assert server.is_healthy()
    answer = server.planning.CreatePlan(good(), timeout=PATIENCE_S).answer
    assert answer.outcome == plan_pb2.OUTCOME_OPTIMAL
    assert answer.certificate.verified
    assert [action.kind for action in answer.plan.actions] == [
        plan_pb2.ACTION_KIND_FENCE_HOST,
        plan_pb2.ACTION_KIND_START,
    ]
