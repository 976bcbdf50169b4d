"""What one action makes of its guest or host when it has begun, is done, or has failed.

Room is held from the beginning by what arrives or grows, and to the end by what departs or shrinks.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import replace
from typing import assert_never

from ..actions import Action, ActionKind
from ..snapshot import FencingState, Host, HostState, Vm, VmState


class ActionProgress(enum.Enum):
    """How far an action has got."""

    BEGUN = enum.auto()
    DONE = enum.auto()
    FAILED = enum.auto()
    """Begun and given up. All is as before, but for a cold migration (its guest is down) and a boot (the host is)."""


def host_at(before: Host, kind: ActionKind, progress: ActionProgress) -> Host:
    """The host at this point of an action of the kind, given what it was before it."""
    match kind:
        case ActionKind.FENCE_HOST:
            return replace(before, fencing=FencingState.FENCED) if progress is ActionProgress.DONE else before
        case ActionKind.BOOT_HOST:
            return _booting(before, progress)
        case ActionKind.SHUTDOWN_HOST:
            return _shutting_down(before, progress)
        case ActionKind.START | ActionKind.RESUME | ActionKind.STOP | ActionKind.SUSPEND | ActionKind.RESIZE:
            raise ValueError(f"{kind} acts on a guest")
        case ActionKind.MIGRATE_LIVE | ActionKind.MIGRATE_COLD:
            raise ValueError(f"{kind} acts on a guest")
        case _:
            assert_never(kind)


def _booting(before: Host, progress: ActionProgress) -> Host:
    match progress:
        case ActionProgress.BEGUN:
            return before
        case ActionProgress.DONE:
            return replace(before, state=HostState.UP)
        case ActionProgress.FAILED:
            # it ran nothing, so there is nothing to fence
            return replace(before, state=HostState.DOWN, fencing=FencingState.FENCED)
        case _:
            assert_never(progress)


def _shutting_down(before: Host, progress: ActionProgress) -> Host:
    match progress:
        case ActionProgress.BEGUN:
            return replace(before, state=HostState.MAINTENANCE)
        case ActionProgress.DONE:
            return replace(before, state=HostState.STANDBY)
        case ActionProgress.FAILED:
            return before
        case _:
            assert_never(progress)


def guest_at(before: Vm, action: Action, progress: ActionProgress) -> Vm:
    """The guest at this point of the action, given what it was before it."""
    match action.kind:
        case ActionKind.START | ActionKind.RESUME:
            return before if progress is ActionProgress.FAILED else _running(before, action)
        case ActionKind.STOP:
            return _down(before, VmState.PENDING) if progress is ActionProgress.DONE else before
        case ActionKind.SUSPEND:
            return _down(before, VmState.SUSPENDED) if progress is ActionProgress.DONE else before
        case ActionKind.MIGRATE_LIVE:
            return _moving_live(before, action.target_host_id, progress)
        case ActionKind.MIGRATE_COLD:
            is_there = progress is ActionProgress.DONE
            return replace(before, host_id=action.target_host_id) if is_there else _down(before, VmState.PENDING)
        case ActionKind.RESIZE:
            return _resizing(before, action.size, progress)
        case ActionKind.FENCE_HOST | ActionKind.BOOT_HOST | ActionKind.SHUTDOWN_HOST:
            raise ValueError(f"{action.kind} acts on a host")
        case _:
            assert_never(action.kind)


def _running(before: Vm, action: Action) -> Vm:
    return replace(before, state=VmState.RUNNING, host_id=action.host_id, allocated=dict(action.size))


def _down(before: Vm, state: VmState) -> Vm:
    return replace(before, state=state, host_id="", allocated={})


def _moving_live(before: Vm, target: str, progress: ActionProgress) -> Vm:
    match progress:
        case ActionProgress.BEGUN:
            return replace(before, state=VmState.MIGRATING, target_host_id=target)
        case ActionProgress.DONE:
            return replace(before, host_id=target)
        case ActionProgress.FAILED:
            return before
        case _:
            assert_never(progress)


def _resizing(before: Vm, size: Mapping[str, int], progress: ActionProgress) -> Vm:
    match progress:
        case ActionProgress.BEGUN:
            held = {**before.requested, **before.allocated}
            larger = {name: max(amount, size.get(name, 0)) for name, amount in held.items()}
            return replace(before, allocated=larger)
        case ActionProgress.DONE:
            return replace(before, allocated=dict(size))
        case ActionProgress.FAILED:
            return before
        case _:
            assert_never(progress)
