"""A good request, and faults planted in it, one by one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import grpc
from google.protobuf.duration_pb2 import Duration

from tests.integration.requests import inline_policy
from trimtab.v1 import planning_service_pb2 as pb
from trimtab.v1 import snapshot_pb2

INVALID = grpc.StatusCode.INVALID_ARGUMENT
PRECONDITION = grpc.StatusCode.FAILED_PRECONDITION

POLICY = """\
apiVersion: trimtab/v1
kind: Tier
metadata: {name: gold}
spec: {rank: 100}
---
apiVersion: trimtab/v1
kind: Tier
metadata: {name: bronze}
spec:
  rank: 10
  evict: {when: event.hardware_failures >= 1}
---
apiVersion: trimtab/v1
kind: Separate
metadata: {name: zones}
spec:
  between: [{matchLabels: {zone: a}}, {matchLabels: {zone: b}}]
  topology: site
  level: must
"""

Plant = Callable[[pb.CreatePlanRequest], None]


def good() -> pb.CreatePlanRequest:
    """Two sites, two racks, three hosts of which one failed, three guests; planned in a moment. It is strict."""
    budget = Duration(seconds=5)
    return pb.CreatePlanRequest(snapshot=_snapshot(), policy=inline_policy(POLICY), time_budget=budget, strict=True)


def _snapshot() -> snapshot_pb2.Snapshot:
    up, down = snapshot_pb2.HOST_STATE_UP, snapshot_pb2.HOST_STATE_DOWN
    return snapshot_pb2.Snapshot(
        domains=[
            snapshot_pb2.FailureDomain(id="east", kind="site"),
            snapshot_pb2.FailureDomain(id="west", kind="site"),
            snapshot_pb2.FailureDomain(id="r1", kind="rack", parent_id="east"),
            snapshot_pb2.FailureDomain(id="r2", kind="rack", parent_id="west"),
        ],
        storage_pools=[snapshot_pb2.StoragePool(id="p1", kind=snapshot_pb2.STORAGE_POOL_KIND_SHARED)],
        hosts=[
            _host("h1", "r1", state=up),
            _host("h2", "r2", state=up),
            _host("h3", "r2", state=down, fencing=snapshot_pb2.FENCING_STATE_UNFENCED),
        ],
        vms=[
            _vm("a", "h1", tier="gold", labels={"zone": "a"}),
            _vm("b", "h2", tier="gold", labels={"zone": "b"}),
            _vm("c", "h3", tier="bronze", state=snapshot_pb2.VM_STATE_DISPLACED),
        ],
    )


def _host(host_id: str, rack: str, **fields: object) -> snapshot_pb2.Host:
    about = {"capacity": {"cpu_milli": 4000, "memory_mib": 8192}, "storage_pool_ids": ["p1"], **fields}
    return snapshot_pb2.Host(id=host_id, domain_ids=[rack], **about)  # type: ignore[arg-type]  # any field


def _vm(vm_id: str, host_id: str, **fields: object) -> snapshot_pb2.Vm:
    about = {
        "requested": {"cpu_milli": 1000, "memory_mib": 2048},
        "state": snapshot_pb2.VM_STATE_RUNNING,
        "migratability": snapshot_pb2.MIGRATABILITY_LIVE,
        "storage_pool_id": "p1",
        **fields,
    }
    return snapshot_pb2.Vm(id=vm_id, host_id=host_id, **about)  # type: ignore[arg-type]  # any field


@dataclass(frozen=True, slots=True)
class Planted:
    """What is wrong, and what the error must say: `says` holds the value at fault and words of the fix."""

    plant: Plant
    code: grpc.StatusCode
    reason: str
    field: str
    says: tuple[str, ...]


def in_policy(
    old: str,
    new: str,
    reason: str,
    path: str,
    *says: str,
    at: str,
    code: grpc.StatusCode = INVALID,
) -> Planted:
    """A fault in the text of the policy; `at` is where in the changed text the error must point (its first place)."""
    assert old in POLICY
    text = POLICY.replace(old, new, 1)
    before = text[: text.index(at)]
    line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
    field = f"p.yaml:{line}:{column}" + (f" {path}" if path else "")
    return Planted(lambda request: request.policy.CopyFrom(inline_policy(text)), code, reason, field, says)


def in_host(reason: str, path: str, *says: str, at: int = 0, **fields: object) -> Planted:
    """A fault in the fields of a host."""

    def plant(request: pb.CreatePlanRequest) -> None:
        _set(request.snapshot.hosts[at], fields)

    return Planted(plant, INVALID, reason, f"snapshot.hosts[{at}].{path}", says)


def in_vm(reason: str, path: str, *says: str, at: int = 0, **fields: object) -> Planted:
    """A fault in the fields of a guest."""

    def plant(request: pb.CreatePlanRequest) -> None:
        _set(request.snapshot.vms[at], fields)

    return Planted(plant, INVALID, reason, f"snapshot.vms[{at}].{path}", says)


def in_domain(reason: str, path: str, *says: str, at: int = 0, **fields: object) -> Planted:
    """A fault in the fields of a failure domain."""

    def plant(request: pb.CreatePlanRequest) -> None:
        _set(request.snapshot.domains[at], fields)

    return Planted(plant, INVALID, reason, f"snapshot.domains[{at}].{path}", says)


def in_request(plant: Plant, reason: str, field: str, *says: str, code: grpc.StatusCode = INVALID) -> Planted:
    """A fault anywhere."""
    return Planted(plant, code, reason, field, says)


def _set(message: snapshot_pb2.Host | snapshot_pb2.Vm | snapshot_pb2.FailureDomain, fields: dict[str, object]) -> None:
    for name, value in fields.items():
        if isinstance(value, dict):
            getattr(message, name).clear()
            getattr(message, name).update(value)
        elif isinstance(value, list):
            del getattr(message, name)[:]
            getattr(message, name).extend(value)
        else:
            setattr(message, name, value)
