"""Actions and plans: what other tools execute."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

_NO_SIZE: Mapping[str, int] = MappingProxyType({})


class ActionKind(enum.StrEnum):
    """Everything a plan can ask for."""

    FENCE_HOST = "FENCE_HOST"
    BOOT_HOST = "BOOT_HOST"
    STOP = "STOP"
    SUSPEND = "SUSPEND"
    RESUME = "RESUME"
    START = "START"
    MIGRATE_LIVE = "MIGRATE_LIVE"
    MIGRATE_COLD = "MIGRATE_COLD"
    RESIZE = "RESIZE"
    SHUTDOWN_HOST = "SHUTDOWN_HOST"


_TAKING_DOWN = frozenset({ActionKind.STOP, ActionKind.SUSPEND})
_BRINGING_UP = frozenset({ActionKind.START, ActionKind.RESUME})
_MOVING = frozenset({ActionKind.MIGRATE_LIVE, ActionKind.MIGRATE_COLD})


class Phase(enum.StrEnum):
    """Why an action is in the plan at all."""

    RESTORE = "RESTORE"
    """Brings back what is down."""
    RECLAIM = "RECLAIM"
    """Makes room for it."""
    REBALANCE = "REBALANCE"
    """Repairs rules, gives back size, leaves draining hosts."""


@dataclass(frozen=True, slots=True)
class Undo:
    """The action that takes an action back, given the state right after it."""

    kind: ActionKind
    vm_id: str = ""
    host_id: str = ""
    target_host_id: str = ""
    size: Mapping[str, int] = field(default_factory=lambda: _NO_SIZE)


@dataclass(frozen=True, slots=True)
class Action:
    """One step.

    `host_id` is where it happens (for a migration: the source); `target_host_id` is set for migrations only. `size` is
    the full allocation after START, RESUME and RESIZE. `id` is the 1-based place in the list.
    """

    id: int
    kind: ActionKind
    vm_id: str = ""
    host_id: str = ""
    target_host_id: str = ""
    size: Mapping[str, int] = field(default_factory=lambda: _NO_SIZE)
    depends_on: tuple[int, ...] = ()
    """Ids that must be complete before this one begins. Any order that respects them is safe, in parallel too."""
    phase: Phase = Phase.RESTORE
    earliest_start_s: int = 0
    duration_s: int = 0
    reason: str = ""
    rules: tuple[str, ...] = ()
    undo: Undo | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """Actions in an order of which every prefix is safe."""

    actions: tuple[Action, ...] = ()

    def end_places(self) -> dict[str, str]:
        """Where the guests that the plan acts on are after it: guest id -> host id, empty for a guest that is down."""
        places = {}
        for action in self.actions:
            if action.kind in _TAKING_DOWN:
                places[action.vm_id] = ""
            elif action.kind in _MOVING:
                places[action.vm_id] = action.target_host_id
            elif action.kind in _BRINGING_UP:
                places[action.vm_id] = action.host_id
        return places

    @property
    def makespan_s(self) -> int:
        """Seconds until the last action ends when everything runs as early as it may."""
        return max(
            (action.earliest_start_s + action.duration_s for action in self.actions),
            default=0,
        )
