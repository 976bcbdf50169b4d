"""Plans, actions and what a verifier objects to."""

from __future__ import annotations

from trimtab.v1 import plan_pb2 as pb
from trimtab_solver.actions import Action, Plan, Undo
from trimtab_solver.errors import Fault, RefusedError
from trimtab_solver.verify.violation import Violation

from .enums import ACTION_KINDS, PHASES, VIOLATION_CODES


def plan_from_proto(message: pb.Plan, path: str = "plan") -> Plan:
    """The plan in `message`.

    Raises
    ------
    RefusedError
        When an enum is not stated or unknown; names all of them, under `path`.
    """
    faults: list[Fault] = []
    actions = tuple(
        action_from_proto(action, f"{path}.actions[{index}]", faults) for index, action in enumerate(message.actions)
    )
    if faults:
        raise RefusedError(faults)
    return Plan(actions)


def plan_to_proto(plan: Plan) -> pb.Plan:
    """The message for `plan`."""
    return pb.Plan(actions=[action_to_proto(action) for action in plan.actions])


def action_from_proto(message: pb.Action, path: str, faults: list[Fault]) -> Action:
    """The action in `message`; what cannot be read is added to `faults`."""
    return Action(
        id=message.id,
        kind=ACTION_KINDS.read(message.kind, f"{path}.kind", faults),
        vm_id=message.vm_id,
        host_id=message.host_id,
        target_host_id=message.target_host_id,
        size=dict(message.size),
        depends_on=tuple(message.depends_on),
        phase=PHASES.read(message.phase, f"{path}.phase", faults),
        earliest_start_s=message.earliest_start_s,
        duration_s=message.duration_s,
        reason=message.reason,
        rules=tuple(message.rules),
        undo=undo_from_proto(message.undo, f"{path}.undo", faults) if message.HasField("undo") else None,
    )


def action_to_proto(action: Action) -> pb.Action:
    """The message for `action`."""
    return pb.Action(
        id=action.id,
        kind=ACTION_KINDS.to_proto[action.kind],
        vm_id=action.vm_id,
        host_id=action.host_id,
        target_host_id=action.target_host_id,
        size=action.size,
        depends_on=action.depends_on,
        phase=PHASES.to_proto[action.phase],
        earliest_start_s=action.earliest_start_s,
        duration_s=action.duration_s,
        reason=action.reason,
        rules=action.rules,
        undo=undo_to_proto(action.undo) if action.undo else None,
    )


def undo_from_proto(message: pb.Undo, path: str, faults: list[Fault]) -> Undo:
    """The undo in `message`; what cannot be read is added to `faults`."""
    return Undo(
        kind=ACTION_KINDS.read(message.kind, f"{path}.kind", faults),
        vm_id=message.vm_id,
        host_id=message.host_id,
        target_host_id=message.target_host_id,
        size=dict(message.size),
    )


def undo_to_proto(undo: Undo) -> pb.Undo:
    """The message for `undo`."""
    return pb.Undo(
        kind=ACTION_KINDS.to_proto[undo.kind],
        vm_id=undo.vm_id,
        host_id=undo.host_id,
        target_host_id=undo.target_host_id,
        size=undo.size,
    )


def violation_from_proto(message: pb.Violation, path: str, faults: list[Fault]) -> Violation:
    """The violation in `message`; what cannot be read is added to `faults`."""
    return Violation(
        step=message.step,
        code=VIOLATION_CODES.read(message.code, f"{path}.code", faults),
        message=message.message,
        host_id=message.host_id,
        vm_id=message.vm_id,
        resource=message.resource,
        rule=message.rule,
        amount=message.amount,
        limit=message.limit,
    )


def violation_to_proto(violation: Violation) -> pb.Violation:
    """The message for `violation`."""
    return pb.Violation(
        step=violation.step,
        code=VIOLATION_CODES.to_proto[violation.code],
        message=violation.message,
        host_id=violation.host_id,
        vm_id=violation.vm_id,
        resource=violation.resource,
        rule=violation.rule,
        amount=violation.amount,
        limit=violation.limit,
    )
