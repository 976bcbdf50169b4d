"""What a solver process does for the planning service, without search: that is what integration tests are for."""

from __future__ import annotations

import time
from typing import TypeVar

import pytest
from google.protobuf.message import Message

from tests.support.case_files import RESTART, TIERS
from tests.support.solving import worker_of
from trimtab.v1 import plan_pb2
from trimtab.v1 import planning_service_pb2 as pb
from trimtab_server.calls.methods import METHODS
from trimtab_server.convert.request import policy_to_proto
from trimtab_server.convert.snapshot import snapshot_to_proto
from trimtab_server.dispatch.frames import Accepted, receive_frame
from trimtab_server.status import ServiceError
from trimtab_server.work.planning import create_plan, verify_plan
from trimtab_solver.authoring.loader import parse_policy
from trimtab_solver.digest import snapshot_digest
from trimtab_solver.errors import RefusedError

_METHODS = {method.request: method for method in METHODS}
_FILES = {"p.yaml": TIERS.encode()}

RequestT = TypeVar("RequestT", pb.CreatePlanRequest, pb.VerifyPlanRequest)


def _asked(kind: type[RequestT], **fields: object) -> RequestT:
    return kind(snapshot=snapshot_to_proto(RESTART), policy=policy_to_proto(_FILES), **fields)  # type: ignore[arg-type]  # any field


def _bytes(message: Message) -> bytes:
    return bytes(message.SerializeToString())


def test_validation_says_what_a_plan_would_be_made_for() -> None:
    """The digests of the input, and no plan; accepted with the budget that a plan would have."""
    request = _asked(pb.CreatePlanRequest, validate_only=True, request_id="id", seed=3)
    worker, front = worker_of(_METHODS[pb.CreatePlanRequest], _bytes(request), default_budget_s=4.0)
    answer = create_plan(worker).answer
    assert receive_frame(front) == Accepted("id", 4.0)
    assert answer.certificate.snapshot_digest == snapshot_digest(RESTART)
    assert answer.certificate.policy_digest == parse_policy(_FILES).digest
    assert (answer.certificate.seed, answer.hardware_failures) == (3, 1)
    assert not answer.HasField("plan")
    report = worker.report()
    assert (report.facts["validate_only"], report.outcome) == (True, "")


def test_a_plan_is_made_when_reading_has_taken_all_the_time() -> None:
    """The first one there is; what was wrong with the request would have been said before."""
    request = _bytes(_asked(pb.CreatePlanRequest))
    worker, _ = worker_of(_METHODS[pb.CreatePlanRequest], request, end_by=time.monotonic())
    assert create_plan(worker).answer.certificate.verified


def test_a_stale_plan_is_not_verified() -> None:
    """An empty plan breaks no rule of the order of actions; made for another policy, it is stale all the same."""
    plan = plan_pb2.Plan()
    current = plan_pb2.Certificate(snapshot_digest=snapshot_digest(RESTART), policy_digest=parse_policy(_FILES).digest)
    other = plan_pb2.Certificate(snapshot_digest=snapshot_digest(RESTART), policy_digest="other")
    found = []
    for certificate in (current, other):
        request = _bytes(_asked(pb.VerifyPlanRequest, plan=plan, certificate=certificate))
        worker, _ = worker_of(_METHODS[pb.VerifyPlanRequest], request)
        response = verify_plan(worker)
        facts = worker.report().facts
        found.append([one.input for one in response.stale_inputs])
        assert (facts["verified"], facts["stale"]) == (response.verified, found[-1])
        assert facts["violations"] == len(response.violations)
    assert found == [[], ["policy"]]


def test_the_server_policy_is_used_where_a_request_names_none() -> None:
    """And refused with the field where there is none."""
    request = _bytes(pb.VerifyPlanRequest(snapshot=snapshot_to_proto(RESTART), plan=plan_pb2.Plan()))
    method = _METHODS[pb.VerifyPlanRequest]
    worker, _ = worker_of(method, request, served=parse_policy(_FILES))
    verify_plan(worker)
    assert worker.report().facts["policy_digest"] == parse_policy(_FILES).digest
    without, _ = worker_of(method, request)
    with pytest.raises(ServiceError, match=r"policy\.server_default: this server has no policy"):
        verify_plan(without)


def test_wrong_input_names_its_fields() -> None:
    """A request without a snapshot never gets as far as a policy."""
    worker, _ = worker_of(_METHODS[pb.CreatePlanRequest])
    with pytest.raises(RefusedError) as refusal:
        create_plan(worker)
    assert [fault.path for fault in refusal.value.faults] == ["snapshot"]
