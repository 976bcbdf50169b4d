"""Between the wire and the domain."""

from __future__ import annotations

import dataclasses

import pytest
from google.protobuf.message import Message
from hypothesis import given, settings

from tests.unit.server import strategies
from trimtab.v1 import plan_pb2, planning_service_pb2, snapshot_pb2
from trimtab_server.convert import enums
from trimtab_server.convert.answer import answer_from_proto, answer_to_proto
from trimtab_server.convert.explanation import explanation_from_proto, explanation_to_proto
from trimtab_server.convert.plan import plan_from_proto, violation_from_proto, violation_to_proto
from trimtab_server.convert.snapshot import snapshot_from_proto, snapshot_to_proto
from trimtab_solver.errors import Fault, Reason, RefusedError, SnapshotRefusedError
from trimtab_solver.explain.explanation import GuestExplanation, Objection
from trimtab_solver.outcome import Answer, Blocker, BrokenRule, EngineFault, TierCount
from trimtab_solver.policy.moments import LAST_SECOND
from trimtab_solver.snapshot import FencingState, Host, HostState, Migratability, Snapshot, Vm, VmState
from trimtab_solver.verify.staleness import StaleInput
from trimtab_solver.verify.violation import Violation

MESSAGES: dict[str, tuple[type, type[Message]]] = {
    "Snapshot": (Snapshot, snapshot_pb2.Snapshot),
    "Host": (Host, snapshot_pb2.Host),
    "Vm": (Vm, snapshot_pb2.Vm),
    "Answer": (Answer, plan_pb2.Answer),
    "TierCount": (TierCount, plan_pb2.TierCount),
    "BrokenRule": (BrokenRule, plan_pb2.BrokenRule),
    "Blocker": (Blocker, plan_pb2.Blocker),
    "EngineFault": (EngineFault, plan_pb2.EngineFault),
    "Violation": (Violation, plan_pb2.Violation),
    "GuestExplanation": (GuestExplanation, planning_service_pb2.ExplainGuestResponse),
    "Objection": (Objection, planning_service_pb2.Objection),
    "StaleInput": (StaleInput, planning_service_pb2.StaleInput),
}


@settings(max_examples=60, deadline=None)
@given(strategies.snapshots)
def test_snapshot_survives_the_wire(snapshot: Snapshot) -> None:
    """Every snapshot that fits the wire is read back as it was, through bytes."""
    content = snapshot_to_proto(snapshot).SerializeToString()
    assert snapshot_from_proto(snapshot_pb2.Snapshot.FromString(content)) == snapshot


@settings(max_examples=60, deadline=None)
@given(strategies.answers)
def test_answer_survives_the_wire(answer: Answer) -> None:
    """Every answer that fits the wire is read back as it was, through bytes."""
    content = answer_to_proto(answer).SerializeToString()
    assert answer_from_proto(plan_pb2.Answer.FromString(content)) == answer


@settings(max_examples=30, deadline=None)
@given(strategies.explanations)
def test_explanation_survives_the_wire(explanation: GuestExplanation) -> None:
    """Every explanation is read back as it was, and says for each host whether it is admitted."""
    message = explanation_to_proto(explanation)
    assert explanation_from_proto(message) == explanation
    assert [host.admitted for host in message.hosts] == [host.is_admitted for host in explanation.hosts]


@settings(max_examples=30, deadline=None)
@given(strategies.violations)
def test_violation_survives_the_wire(violation: Violation) -> None:
    """Every violation that fits the wire is read back as it was."""
    faults: list[Fault] = []
    assert violation_from_proto(violation_to_proto(violation), "violation", faults) == violation
    assert not faults


@pytest.mark.parametrize("name", MESSAGES)
def test_wire_and_domain_have_the_same_fields(name: str) -> None:
    """A field that is added on one side alone is noticed."""
    domain, message = MESSAGES[name]
    fields = {field.name for field in dataclasses.fields(domain)}
    assert fields == set(message.DESCRIPTOR.fields_by_name)


@pytest.mark.parametrize(
    ("table", "wire"),
    [
        (enums.HOST_STATES, snapshot_pb2.HostState),
        (enums.FENCING_STATES, snapshot_pb2.FencingState),
        (enums.VM_STATES, snapshot_pb2.VmState),
        (enums.MIGRATABILITIES, snapshot_pb2.Migratability),
        (enums.POOL_KINDS, snapshot_pb2.StoragePoolKind),
        (enums.ACTION_KINDS, plan_pb2.ActionKind),
        (enums.PHASES, plan_pb2.Phase),
        (enums.OUTCOMES, plan_pb2.Outcome),
        (enums.FAULT_KINDS, plan_pb2.FaultKind),
        (enums.VIOLATION_CODES, plan_pb2.ViolationCode),
        (enums.CONDITIONS, planning_service_pb2.Condition),
    ],
)
def test_every_wire_value_but_unspecified_has_a_member(table, wire) -> None:  # type: ignore[no-untyped-def]  # any enum
    """Domain enums and wire enums have the same choices."""
    assert set(table.to_proto.values()) == set(wire.values()) - {0}


def test_unspecified_enums_are_faults_with_paths() -> None:
    """All required choices that are not stated are named at once, each by its path."""
    message = snapshot_pb2.Snapshot(
        hosts=[snapshot_pb2.Host(id="h1")], vms=[snapshot_pb2.Vm(id="v1")], storage_pools=[snapshot_pb2.StoragePool()]
    )
    with pytest.raises(SnapshotRefusedError) as refusal:
        snapshot_from_proto(message)
    assert [fault.path for fault in refusal.value.faults] == [
        "snapshot.hosts[0].state",
        "snapshot.vms[0].state",
        "snapshot.vms[0].migratability",
        "snapshot.storage_pools[0].kind",
    ]
    assert {fault.reason for fault in refusal.value.faults} == {Reason.INVALID_REQUEST}
    assert "UP, DOWN" in refusal.value.faults[0].fix


def test_unknown_enum_number_is_a_fault() -> None:
    """A value from a newer version is refused, never guessed."""
    message = snapshot_pb2.Snapshot.FromString(
        snapshot_pb2.Snapshot(hosts=[snapshot_pb2.Host(id="h1", state=42)]).SerializeToString()  # type: ignore[arg-type]  # the point
    )
    with pytest.raises(SnapshotRefusedError, match="42"):
        snapshot_from_proto(message)


def test_time_beyond_what_json_can_say_is_refused() -> None:
    """A binary message can hold a time that the JSON form cannot; it is refused before it reaches a file."""
    message = snapshot_pb2.Snapshot(taken_at={"seconds": LAST_SECOND + 1})  # type: ignore[arg-type]  # protobuf takes mappings
    with pytest.raises(SnapshotRefusedError, match=r"snapshot\.taken_at"):
        snapshot_from_proto(message)


def test_fencing_must_be_stated_for_hosts_that_are_down() -> None:
    """Fencing is never guessed for a failed host, and need not be stated for others."""
    up = snapshot_pb2.Host(id="h1", state=snapshot_pb2.HOST_STATE_UP)
    down = snapshot_pb2.Host(id="h2", state=snapshot_pb2.HOST_STATE_DOWN)
    assert snapshot_from_proto(snapshot_pb2.Snapshot(hosts=[up])).hosts[0].fencing is FencingState.UNFENCED
    with pytest.raises(SnapshotRefusedError, match=r"snapshot\.hosts\[0\]\.fencing"):
        snapshot_from_proto(snapshot_pb2.Snapshot(hosts=[down]))


def test_absent_numbers_mean_the_documented_defaults() -> None:
    """What the proto comments say about unset fields is what the domain has as defaults."""
    message = snapshot_pb2.Snapshot(
        hosts=[snapshot_pb2.Host(id="h1", state=snapshot_pb2.HOST_STATE_UP)],
        vms=[
            snapshot_pb2.Vm(id="v1", state=snapshot_pb2.VM_STATE_PENDING, migratability=snapshot_pb2.MIGRATABILITY_LIVE)
        ],
    )
    snapshot = snapshot_from_proto(message)
    assert snapshot.hosts == (Host("h1", migration_slots=2, migration_bandwidth_mbps=10_000, boot_s=180),)
    assert snapshot.vms == (Vm("v1", state=VmState.PENDING, restart_s=30),)
    assert snapshot.hardware_failures is None


def test_plan_with_unspecified_kind_is_refused() -> None:
    """A plan to be verified must say what each action is."""
    with pytest.raises(RefusedError) as refusal:
        plan_from_proto(plan_pb2.Plan(actions=[plan_pb2.Action(id=1, undo=plan_pb2.Undo())]))
    assert [fault.path for fault in refusal.value.faults] == [
        "plan.actions[0].kind",
        "plan.actions[0].phase",
        "plan.actions[0].undo.kind",
    ]


def test_answer_without_plan_is_refused() -> None:
    """The answer to `validate_only` is not a plan file."""
    with pytest.raises(RefusedError, match=r"answer\.plan: is missing"):
        answer_from_proto(plan_pb2.Answer(outcome=plan_pb2.OUTCOME_OPTIMAL))


def test_fifty_thousand_guests_come_through_unchanged() -> None:
    """The largest clusters are converted like small ones."""
    size = {"cpu_milli": 4000, "memory_mib": 16384, "disk_gib": 100}
    hosts = tuple(
        Host(f"host-{n}", ("rack-1",), {"cpu_milli": 128_000, "memory_mib": 1 << 20}, state=HostState.UP)
        for n in range(5_000)
    )
    vms = tuple(
        Vm(f"vm-{n}", "tenant", "gold", {"app": "web", "zone": "A"}, "web", size, host_id=f"host-{n % 5_000}")
        for n in range(50_000)
    )
    snapshot = snapshot_from_proto(snapshot_to_proto(Snapshot(hosts, vms)))
    assert snapshot == Snapshot(hosts, vms)
    assert snapshot.vms[-1].migratability is Migratability.LIVE
