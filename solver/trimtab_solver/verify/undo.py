"""Judges undo: whether it takes the action back, given the state right after it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import assert_never

from ..actions import Action, ActionKind
from .case import Case
from .kinds import is_migration
from .rights import move_kind

_GIVES_SIZE = (ActionKind.START, ActionKind.RESUME, ActionKind.RESIZE)


def _inverse(kind: ActionKind) -> ActionKind | None:
    """What takes an action back that is no migration."""
    match kind:
        case ActionKind.START:
            return ActionKind.STOP
        case ActionKind.STOP:
            return ActionKind.START
        case ActionKind.RESUME:
            return ActionKind.SUSPEND
        case ActionKind.SUSPEND:
            return ActionKind.RESUME
        case ActionKind.RESIZE:
            return ActionKind.RESIZE
        case ActionKind.BOOT_HOST:
            return ActionKind.SHUTDOWN_HOST
        case ActionKind.SHUTDOWN_HOST:
            return ActionKind.BOOT_HOST
        case ActionKind.FENCE_HOST | ActionKind.MIGRATE_LIVE | ActionKind.MIGRATE_COLD:
            return None
        case _:
            assert_never(kind)


def undo_fault(case: Case, action: Action, size: Mapping[str, int]) -> str:
    """What is wrong with the undo of an action whose guest had `size` before it; empty if nothing is."""
    undo = action.undo
    if undo is None:
        return ""
    if undo.vm_id != action.vm_id:
        return f"undo acts on {undo.vm_id or 'no guest'}"
    if is_migration(action.kind):
        if (undo.host_id, undo.target_host_id) != (
            action.target_host_id,
            action.host_id,
        ):
            return f"undo goes from {undo.host_id} to {undo.target_host_id}"
        source, target = case.hosts[undo.host_id], case.hosts[undo.target_host_id]
        kind = move_kind(case.vms[action.vm_id], case.tier[action.vm_id], source, target)
        return "" if undo.kind is kind else f"undo is {undo.kind}; the way back is {kind or 'not permitted'}"
    expected = _inverse(action.kind)
    if undo.kind is not expected:
        return f"undo is {undo.kind}; {action.kind} is taken back by {expected or 'nothing'}"
    if undo.host_id != action.host_id:
        return f"undo happens on {undo.host_id or 'no host'}"
    if undo.kind in _GIVES_SIZE and dict(undo.size) != dict(size):
        return f"undo gives {dict(undo.size)}; before the action it was {dict(size)}"
    return ""
