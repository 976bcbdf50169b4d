"""Domain enums and their values on the wire, both ways."""

from __future__ import annotations

import enum
from typing import Final, Generic, Protocol, TypeVar

from trimtab.v1 import error_reason_pb2, plan_pb2, planning_service_pb2, snapshot_pb2
from trimtab_solver.actions import ActionKind, Phase
from trimtab_solver.errors import Fault, Reason
from trimtab_solver.explain.explanation import Condition
from trimtab_solver.outcome import FaultKind, Outcome
from trimtab_solver.snapshot import FencingState, HostState, Migratability, PoolKind, VmState
from trimtab_solver.verify.violation import Code

DomainT = TypeVar("DomainT", bound=enum.StrEnum)
WireT = TypeVar("WireT", bound=int)
WireT_co = TypeVar("WireT_co", bound=int, covariant=True)


class WireEnum(Protocol[WireT_co]):
    """What protobuf gives for a generated enum."""

    def Value(self, name: str) -> WireT_co: ...  # noqa: N802, D102 - protobuf's name and meaning


class EnumTable(Generic[DomainT, WireT]):
    """One domain enum and its wire values, which are named `prefix` + member name."""

    def __init__(self, domain: type[DomainT], wire: WireEnum[WireT], prefix: str) -> None:
        self.to_proto: Final[dict[DomainT, WireT]] = {
            member: wire.Value(f"{prefix}_{member.name}") for member in domain
        }
        self.members: Final[dict[int, DomainT]] = {value: member for member, value in self.to_proto.items()}
        self._any: Final = next(iter(domain))

    def read(self, number: int, path: str, faults: list[Fault]) -> DomainT:
        """The member for `number`; for unspecified and unknown numbers any member, and a fault at `path`."""
        return self.members.get(number) or self.refuse(number, path, faults)

    def refuse(self, number: int, path: str, faults: list[Fault]) -> DomainT:
        """Any member, and a fault at `path` about `number`, which is not among `members`."""
        found = "not stated" if number == 0 else f"{number}, which this version does not know"
        choices = ", ".join(name.name for name in self.to_proto)
        faults.append(Fault(Reason.INVALID_REQUEST, path, f"is {found}", f"set it to one of {choices}"))
        return self._any


HOST_STATES = EnumTable(HostState, snapshot_pb2.HostState, "HOST_STATE")
FENCING_STATES = EnumTable(FencingState, snapshot_pb2.FencingState, "FENCING_STATE")
VM_STATES = EnumTable(VmState, snapshot_pb2.VmState, "VM_STATE")
MIGRATABILITIES = EnumTable(Migratability, snapshot_pb2.Migratability, "MIGRATABILITY")
POOL_KINDS = EnumTable(PoolKind, snapshot_pb2.StoragePoolKind, "STORAGE_POOL_KIND")
ACTION_KINDS = EnumTable(ActionKind, plan_pb2.ActionKind, "ACTION_KIND")
PHASES = EnumTable(Phase, plan_pb2.Phase, "PHASE")
OUTCOMES = EnumTable(Outcome, plan_pb2.Outcome, "OUTCOME")
FAULT_KINDS = EnumTable(FaultKind, plan_pb2.FaultKind, "FAULT_KIND")
VIOLATION_CODES = EnumTable(Code, plan_pb2.ViolationCode, "VIOLATION_CODE")
CONDITIONS = EnumTable(Condition, planning_service_pb2.Condition, "CONDITION")
REASONS = EnumTable(Reason, error_reason_pb2.ErrorReason, "ERROR_REASON")
