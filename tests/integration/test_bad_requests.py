"""What is wrong with a request is said precisely, and never harms the service."""

from __future__ import annotations

import functools
import random

import grpc
import pytest
from google.protobuf.duration_pb2 import Duration

from tests.integration import requests
from tests.integration.running import PATIENCE_S, RunningServer, code_of, raw_call, refused, running_server
from trimtab.v1 import planning_service_pb2 as pb
from trimtab.v1 import snapshot_pb2

INVALID = grpc.StatusCode.INVALID_ARGUMENT
PRECONDITION = grpc.StatusCode.FAILED_PRECONDITION

BRONZE = """
apiVersion: trimtab/v1
kind: Tier
metadata: {name: bronze}
spec: {rank: 1}
"""


def _one_vm(**fields: object) -> snapshot_pb2.Snapshot:
    host = snapshot_pb2.Host(id="h1", state=snapshot_pb2.HOST_STATE_UP, capacity={"memory_mib": 1024})
    vm = {
        "id": "v1",
        "tier": "bronze",
        "requested": {"memory_mib": 512},
        "state": snapshot_pb2.VM_STATE_RUNNING,
        "host_id": "h1",
        "migratability": snapshot_pb2.MIGRATABILITY_LIVE,
    }
    return snapshot_pb2.Snapshot(hosts=[host], vms=[snapshot_pb2.Vm(**{**vm, **fields})])  # type: ignore[arg-type]  # any field


CASES = {
    "no snapshot": (
        pb.CreatePlanRequest(policy=requests.SERVER_POLICY), INVALID, "INVALID_REQUEST", "snapshot",
    ),
    "no state": (requests.small(snapshot=_one_vm(state=0)), INVALID, "INVALID_REQUEST", "snapshot.vms[0].state"),
    "no hosts": (requests.small(snapshot=snapshot_pb2.Snapshot()), INVALID, "EMPTY_CLUSTER", "snapshot.hosts"),
    "unknown host": (
        requests.small(snapshot=_one_vm(host_id="h9"), strict=True),
        INVALID, "UNKNOWN_REFERENCE", "snapshot.vms[0].host_id",
    ),
    "negative seed": (requests.small(seed=-1), INVALID, "OUT_OF_RANGE", "seed"),
    "no time": (requests.small(time_budget=Duration(seconds=0)), INVALID, "OUT_OF_RANGE", "time_budget"),
    "share of guests above all": (
        requests.small(frontier_percents=[0, 100.5]), INVALID, "OUT_OF_RANGE", "frontier_percents[1]",
    ),
    "long request id": (requests.small(request_id="x" * 129), INVALID, "OUT_OF_RANGE", "request_id"),
    "policy is not YAML": (
        requests.small(policy=requests.inline_policy("a: [")), INVALID, "POLICY_SYNTAX", "p.yaml",
    ),
    "policy with an unknown field": (
        requests.small(policy=requests.inline_policy(BRONZE.replace("rank: 1", "rank: 1, ranc: 2"))),
        INVALID, "POLICY_FIELD", "p.yaml:5",
    ),
    "guest without tier": (
        requests.small(snapshot=_one_vm(tier="tin"), policy=requests.inline_policy(BRONZE)),
        PRECONDITION, "NO_TIER", "",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("validate_only", [False, True], ids=["plan", "validate"])
def test_wrong_input_is_named(server: RunningServer, name: str, validate_only: bool) -> None:
    """Code, reason and field path say what to correct; with `validate_only` they are the same."""
    request, code, reason, path = CASES[name]
    sent = pb.CreatePlanRequest()
    sent.CopyFrom(request)
    sent.validate_only = validate_only
    found, info, bad_request = refused(lambda: server.planning.CreatePlan(sent, timeout=PATIENCE_S))
    assert (found, info.reason, info.domain) == (code, reason, "trimtab.v1")
    violation = bad_request.field_violations[0]
    assert violation.field.startswith(path)
    assert violation.reason == reason
    assert violation.description
    assert info.metadata["path"] == violation.field


@pytest.mark.parametrize("method", ["CreatePlan", "StreamPlan", "VerifyPlan", "ExplainGuest"])
def test_bytes_that_are_no_message_are_refused(server: RunningServer, method: str) -> None:
    """What protobuf cannot parse is a caller's mistake like any other."""
    call = raw_call(server.channel, method)
    code, info, bad_request = refused(lambda: call(b"\xff\xff\xff\xff"))
    assert (code, info.reason) == (INVALID, "INVALID_REQUEST")
    assert bad_request.field_violations[0].field == "request"


def test_thousands_of_faults_fit_into_the_trailers(server: RunningServer) -> None:
    """Clients refuse trailers above 8 KiB, so the violations are cut and the number of all faults is given."""
    vms = [snapshot_pb2.Vm(id=f"guest-{n}") for n in range(4000)]
    request = requests.small(snapshot=snapshot_pb2.Snapshot(hosts=_one_vm().hosts, vms=vms))
    code, info, bad_request = refused(lambda: server.planning.CreatePlan(request, timeout=PATIENCE_S))
    assert (code, info.reason) == (INVALID, "INVALID_REQUEST")
    assert info.metadata["faults"] == "8000"
    assert 10 < len(bad_request.field_violations) < 100


def test_verification_without_plan_is_refused(server: RunningServer) -> None:
    """An absent plan is not an empty one."""
    request = pb.VerifyPlanRequest(snapshot=requests.small_snapshot(), policy=requests.SERVER_POLICY)
    code, info, _ = refused(lambda: server.planning.VerifyPlan(request, timeout=PATIENCE_S))
    assert (code, info.reason, info.metadata["path"]) == (INVALID, "INVALID_REQUEST", "plan")


@pytest.mark.parametrize(
    ("fields", "reason", "path"),
    [
        ({}, "INVALID_REQUEST", "vm_id"),
        ({"vm_id": "nobody"}, "UNKNOWN_REFERENCE", "vm_id"),
        ({"vm_id": "v1", "host_id": "nowhere"}, "UNKNOWN_REFERENCE", "host_id"),
    ],
)
def test_explaining_what_is_not_there_is_refused(
    server: RunningServer, fields: dict[str, str], reason: str, path: str
) -> None:
    """The field and what the snapshot holds instead."""
    request = pb.ExplainGuestRequest(snapshot=_one_vm(), policy=requests.inline_policy(BRONZE), **fields)
    code, info, _ = refused(lambda: server.planning.ExplainGuest(request, timeout=PATIENCE_S))
    assert (code, info.reason, info.metadata["path"]) == (INVALID, reason, path)


def test_mangled_requests_leave_the_service_healthy(server: RunningServer) -> None:
    """Forty requests with random bytes changed are each answered or refused with a reason; nothing else happens."""
    draw = random.Random(1)
    whole = pb.CreatePlanRequest(snapshot=_one_vm(), policy=requests.inline_policy(BRONZE)).SerializeToString()
    call = raw_call(server.channel, "CreatePlan")
    for _ in range(40):
        mangled = bytearray(whole)
        for _ in range(draw.randint(1, 8)):
            mangled[draw.randrange(len(mangled))] = draw.randrange(256)
        code = code_of(functools.partial(call, bytes(mangled)))
        assert code in (grpc.StatusCode.OK, INVALID, PRECONDITION), bytes(mangled)
    assert server.is_healthy()
    assert server.planning.CreatePlan(requests.small(), timeout=PATIENCE_S).answer.certificate.verified


def test_unknown_method_is_unimplemented(server: RunningServer) -> None:
    """A method that does not exist is answered by gRPC."""
    assert code_of(lambda: raw_call(server.channel, "DeletePlan")(b"")) is grpc.StatusCode.UNIMPLEMENTED


def test_oversized_message_and_missing_policy_are_refused() -> None:
    """A message above the limit is refused by the transport; a server without policy says that it has none."""
    with running_server("--message-mib", "1", "--policy", "") as server:
        request = requests.small(request_id="x" * (2 << 20))
        oversized = code_of(lambda: server.planning.CreatePlan(request, timeout=PATIENCE_S))
        assert oversized is grpc.StatusCode.RESOURCE_EXHAUSTED
        code, info, _ = refused(lambda: server.planning.CreatePlan(requests.small(), timeout=PATIENCE_S))
        assert (code, info.reason) == (PRECONDITION, "NO_SERVER_POLICY")
        assert server.is_healthy()
