"""Requests of the planning service."""

from __future__ import annotations

import pytest
from google.protobuf.duration_pb2 import Duration
from hypothesis import given
from hypothesis import strategies as st

from trimtab.v1 import plan_pb2, policy_pb2, snapshot_pb2
from trimtab.v1 import planning_service_pb2 as pb
from trimtab_server.convert.request import (
    plan_order_from_proto,
    policy_from_proto,
    policy_to_proto,
    seconds_from_proto,
    seconds_to_proto,
    verify_order_from_proto,
)
from trimtab_solver.errors import Reason, RefusedError

SNAPSHOT = snapshot_pb2.Snapshot(taken_at={"seconds": 5})  # type: ignore[arg-type]  # protobuf takes mappings


def test_every_wrong_field_is_named_at_once() -> None:
    """One answer says everything that has to be corrected."""
    message = pb.CreatePlanRequest(
        snapshot=snapshot_pb2.Snapshot(hosts=[snapshot_pb2.Host()]),
        policy=policy_pb2.PolicyReference(inline=policy_pb2.PolicyDocuments()),
        seed=1 << 31,
        request_id="x" * 129,
        time_budget=Duration(nanos=-1),
        warm_start=pb.WarmStart(plan=plan_pb2.Plan(actions=[plan_pb2.Action(phase=plan_pb2.PHASE_RESTORE)])),
        frontier_percents=[0, 101],
    )
    with pytest.raises(RefusedError) as refusal:
        plan_order_from_proto(message)
    paths = [fault.path for fault in refusal.value.faults]
    assert paths == [
        "snapshot.hosts[0].state",
        "policy.inline.documents",
        "seed",
        "request_id",
        "time_budget",
        "warm_start.plan.actions[0].kind",
        "frontier_percents[1]",
    ]


def test_order_holds_what_was_asked() -> None:
    """Fields arrive as they were sent; an absent budget is None; only CreatePlan can validate only."""
    policy = policy_to_proto({"p.yaml": b"x"})
    order = plan_order_from_proto(
        pb.CreatePlanRequest(
            snapshot=SNAPSHOT,
            policy=policy,
            seed=3,
            reproducible=True,
            validate_only=True,
            time_budget=Duration(seconds=2),
            frontier_percents=[0, 2.5],
        )
    )
    assert (order.warm_start, order.frontier) == (None, (0.0, 2.5))
    assert (order.seed, order.reproducible, order.validate_only, order.time_budget_s) == (3, True, True, 2.0)
    assert order.snapshot.taken_at == 5
    assert order.policy_files == {"p.yaml": b"x"}
    stream = plan_order_from_proto(pb.StreamPlanRequest(snapshot=SNAPSHOT, policy=policy))
    assert (stream.validate_only, stream.time_budget_s) == (False, None)


def test_warm_start_is_where_a_plan_ends_unless_said_otherwise() -> None:
    """The last action of a guest counts; resizing and hosts say nothing; a place stated goes before the plan."""
    actions = [
        plan_pb2.Action(id=1, kind=plan_pb2.ACTION_KIND_FENCE_HOST, host_id="h9"),
        plan_pb2.Action(id=2, kind=plan_pb2.ACTION_KIND_SUSPEND, vm_id="a", host_id="h1"),
        plan_pb2.Action(id=3, kind=plan_pb2.ACTION_KIND_MIGRATE_LIVE, vm_id="b", host_id="h1", target_host_id="h2"),
        plan_pb2.Action(id=4, kind=plan_pb2.ACTION_KIND_RESIZE, vm_id="e", host_id="h1"),
        plan_pb2.Action(id=5, kind=plan_pb2.ACTION_KIND_RESUME, vm_id="a", host_id="h3"),
        plan_pb2.Action(id=6, kind=plan_pb2.ACTION_KIND_STOP, vm_id="c", host_id="h1"),
        plan_pb2.Action(id=7, kind=plan_pb2.ACTION_KIND_START, vm_id="d", host_id="h4"),
    ]
    for action in actions:
        action.phase = plan_pb2.PHASE_RESTORE
    warm = pb.WarmStart(plan=plan_pb2.Plan(actions=actions), places={"d": "h5", "f": ""})
    order = plan_order_from_proto(
        pb.StreamPlanRequest(snapshot=SNAPSHOT, policy=policy_to_proto({"p.yaml": b"x"}), warm_start=warm)
    )
    assert order.warm_start == {"a": "h3", "b": "h2", "c": "", "d": "h5", "f": ""}


def test_a_frontier_has_few_points() -> None:
    """Every point takes time from the search; the fault says how many are allowed."""
    message = pb.CreatePlanRequest(
        snapshot=SNAPSHOT, policy=policy_to_proto({"p.yaml": b"x"}), frontier_percents=[1] * 17
    )
    with pytest.raises(RefusedError) as refusal:
        plan_order_from_proto(message)
    assert [(fault.reason, fault.path) for fault in refusal.value.faults] == [
        (Reason.OUT_OF_RANGE, "frontier_percents")
    ]


def test_create_and_stream_requests_have_the_same_fields() -> None:
    """A field that is added to one of the two is noticed; `validate_only` alone has no place in a stream."""
    create, stream = (
        {(field.name, field.number, field.type) for field in message.DESCRIPTOR.fields}
        for message in (pb.CreatePlanRequest, pb.StreamPlanRequest)
    )
    assert {name for name, *_ in create ^ stream} == {"validate_only"}


@pytest.mark.parametrize("names", [("",), ("a.yaml", "a.yaml")])
def test_policy_files_need_their_own_names(names: tuple[str, ...]) -> None:
    """Names are what errors refer to."""
    documents = [policy_pb2.PolicyDocument(name=name, content=b"x") for name in names]
    with pytest.raises(RefusedError) as refusal:
        policy_from_proto(policy_pb2.PolicyReference(inline=policy_pb2.PolicyDocuments(documents=documents)))
    assert refusal.value.faults[0].path == f"policy.inline.documents[{len(names) - 1}].name"


def test_policies_survive_the_wire() -> None:
    """Inline files and the reference to the server's own policy are read back as they were."""
    assert policy_from_proto(policy_to_proto({"a": b"1", "b": b"\xff"})) == {"a": b"1", "b": b"\xff"}
    assert policy_from_proto(policy_to_proto(None)) is None


def test_verification_needs_a_plan_but_no_certificate() -> None:
    """An absent plan is refused, an empty one is fine; without a certificate nothing is stale."""
    policy = policy_to_proto(None)
    with pytest.raises(RefusedError) as refusal:
        verify_order_from_proto(pb.VerifyPlanRequest(snapshot=SNAPSHOT, policy=policy))
    assert [(fault.path, fault.reason) for fault in refusal.value.faults] == [("plan", Reason.INVALID_REQUEST)]
    order = verify_order_from_proto(pb.VerifyPlanRequest(snapshot=SNAPSHOT, policy=policy, plan=plan_pb2.Plan()))
    assert order.certificate is None


@given(st.integers(0, 10**9).map(lambda microseconds: microseconds / 1e6))
def test_durations_survive_the_wire(seconds: float) -> None:
    """Durations are exact to the microsecond."""
    assert seconds_from_proto(seconds_to_proto(seconds)) == pytest.approx(seconds, abs=1e-6)
