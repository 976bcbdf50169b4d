"""Actions and plans: what other tools execute."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType
from typing import assert_never

_NO_SIZE: Mapping[str, int] = MappingProxyType({})


class Subject(enum.Enum):
    """What an action acts on."""

    GUEST = enum.auto()
    HOST = enum.auto()


class Motion(enum.Enum):
    """What an action changes about where its guest runs."""

    ARRIVES = enum.auto()
    """Did not run before, runs after it."""
    DEPARTS = enum.auto()
    """Ran before, does not run after it."""
    MOVES = enum.auto()
    """Runs before and after it, on different hosts."""
    STAYS = enum.auto()
    """Runs on the same host before and after it; of an action on a host: no guest runs elsewhere for it."""


class ActionKind(enum.StrEnum):
    """Everything a plan can ask for; `traits` says what each of them is."""

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

    @cached_property
    def traits(self) -> Traits:
        """What the kind is."""
        return _TRAITS[self]

    @cached_property
    def acts_on_host(self) -> bool:
        """Whether no guest is named."""
        return self.traits.subject is Subject.HOST

    @cached_property
    def arrives(self) -> bool:
        """Whether its guest begins to run."""
        return self.traits.motion is Motion.ARRIVES

    @cached_property
    def departs(self) -> bool:
        """Whether its guest ceases to run."""
        return self.traits.motion is Motion.DEPARTS

    @cached_property
    def moves(self) -> bool:
        """Whether its guest changes its host, so that the action has a target host."""
        return self.traits.motion is Motion.MOVES


@dataclass(frozen=True, slots=True)
class Traits:
    """What a kind of action is, whichever guest or host it acts on.

    `is_down`: its guest does not run while the action lasts. `undone_by`: the kind that takes it back; for migrations
    the way back may have to be of the other kind. `carries_size`: it says what the guest holds afterwards.
    """

    subject: Subject
    motion: Motion
    is_down: bool
    undone_by: ActionKind | None
    carries_size: bool


def _traits(kind: ActionKind) -> Traits:
    guest, host = Subject.GUEST, Subject.HOST
    match kind:
        case ActionKind.FENCE_HOST:
            return Traits(host, Motion.STAYS, is_down=False, undone_by=None, carries_size=False)
        case ActionKind.BOOT_HOST:
            return Traits(host, Motion.STAYS, is_down=False, undone_by=ActionKind.SHUTDOWN_HOST, carries_size=False)
        case ActionKind.SHUTDOWN_HOST:
            return Traits(host, Motion.STAYS, is_down=False, undone_by=ActionKind.BOOT_HOST, carries_size=False)
        case ActionKind.START:
            return Traits(guest, Motion.ARRIVES, is_down=True, undone_by=ActionKind.STOP, carries_size=True)
        case ActionKind.RESUME:
            return Traits(guest, Motion.ARRIVES, is_down=True, undone_by=ActionKind.SUSPEND, carries_size=True)
        case ActionKind.STOP:
            return Traits(guest, Motion.DEPARTS, is_down=True, undone_by=ActionKind.START, carries_size=False)
        case ActionKind.SUSPEND:
            return Traits(guest, Motion.DEPARTS, is_down=True, undone_by=ActionKind.RESUME, carries_size=False)
        case ActionKind.MIGRATE_LIVE:
            return Traits(guest, Motion.MOVES, is_down=False, undone_by=ActionKind.MIGRATE_LIVE, carries_size=False)
        case ActionKind.MIGRATE_COLD:
            return Traits(guest, Motion.MOVES, is_down=True, undone_by=ActionKind.MIGRATE_COLD, carries_size=False)
        case ActionKind.RESIZE:
            return Traits(guest, Motion.STAYS, is_down=False, undone_by=ActionKind.RESIZE, carries_size=True)
        case _:
            assert_never(kind)


_TRAITS = {kind: _traits(kind) for kind in ActionKind}


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

    @property
    def makespan_s(self) -> int:
        """Seconds until the last action ends when everything runs as early as it may."""
        return max(
            (action.earliest_start_s + action.duration_s for action in self.actions),
            default=0,
        )
