"""Guests whose records make no sense."""

from __future__ import annotations

from trimtab.v1 import plan_pb2 as pb
from trimtab_solver.errors import Fault
from trimtab_solver.quarantine import Quarantined

from .enums import REASONS


def quarantined_from_proto(message: pb.QuarantinedRecord, path: str, faults: list[Fault]) -> Quarantined:
    """The record in `message`; what cannot be read is added to `faults`."""
    return Quarantined(
        vm_id=message.vm_id,
        faults=tuple(
            Fault(REASONS.read(one.reason, f"{path}.faults[{i}].reason", faults), one.path, one.message, one.fix)
            for i, one in enumerate(message.faults)
        ),
        is_wanted=message.wanted,
        hosts=tuple(message.host_ids),
        size=dict(message.size),
        unknown=frozenset(message.unknown_resources),
    )


def quarantined_to_proto(record: Quarantined) -> pb.QuarantinedRecord:
    """The message for `record`."""
    return pb.QuarantinedRecord(
        vm_id=record.vm_id,
        faults=[
            pb.RecordFault(reason=REASONS.to_proto[one.reason], path=one.path, message=one.message, fix=one.fix)
            for one in record.faults
        ],
        wanted=record.is_wanted,
        host_ids=record.hosts,
        size=record.size,
        unknown_resources=sorted(record.unknown),
    )
