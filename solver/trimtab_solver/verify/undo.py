"""Judges undo: whether it takes the action back, given the state right after it."""

from __future__ import annotations

from collections.abc import Mapping

from ..actions import Action, ActionKind
from .case import Case
from .rights import move_kind

_INVERSE = {
    ActionKind.BOOT_HOST: ActionKind.SHUTDOWN_HOST,
    ActionKind.SHUTDOWN_HOST: ActionKind.BOOT_HOST,
    ActionKind.START: ActionKind.STOP,
    ActionKind.RESUME: ActionKind.SUSPEND,
    ActionKind.STOP: ActionKind.START,
    ActionKind.SUSPEND: ActionKind.RESUME,
    ActionKind.RESIZE: ActionKind.RESIZE,
}
_GIVES_SIZE = frozenset({ActionKind.START, ActionKind.RESUME, ActionKind.RESIZE})
_MIGRATIONS = frozenset({ActionKind.MIGRATE_LIVE, ActionKind.MIGRATE_COLD})


def undo_fault(case: Case, action: Action, size: Mapping[str, int]) -> str:
    """What is wrong with the undo of an action whose guest had `size` before it; empty if nothing is."""
    undo = action.undo
    if undo is None:
        return ""
    if undo.vm_id != action.vm_id:
        return f"undo acts on {undo.vm_id or 'no guest'}"
    if action.kind in _MIGRATIONS:
        if (undo.host_id, undo.target_host_id) != (
            action.target_host_id,
            action.host_id,
        ):
            return f"undo goes from {undo.host_id} to {undo.target_host_id}"
        source, target = case.hosts[undo.host_id], case.hosts[undo.target_host_id]
        kind = move_kind(case.vms[action.vm_id], case.tier[action.vm_id], source, target)
        return "" if undo.kind is kind else f"undo is {undo.kind}; the way back is {kind or 'not permitted'}"
    expected = _INVERSE.get(action.kind)
    if undo.kind is not expected:
        return f"undo is {undo.kind}; {action.kind} is taken back by {expected or 'nothing'}"
    if undo.host_id != action.host_id:
        return f"undo happens on {undo.host_id or 'no host'}"
    if undo.kind in _GIVES_SIZE and dict(undo.size) != dict(size):
        return f"undo gives {dict(undo.size)}; before the action it was {dict(size)}"
    return ""
