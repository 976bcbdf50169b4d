"""Actions in waves: those of a wave wait for none of the same wave, only for earlier ones."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from trimtab_solver.actions import Action, ActionKind

DONE: Final[Mapping[ActionKind, str]] = {
    ActionKind.FENCE_HOST: "fenced",
    ActionKind.BOOT_HOST: "booted",
    ActionKind.STOP: "stopped",
    ActionKind.SUSPEND: "suspended",
    ActionKind.RESIZE: "resized",
    ActionKind.MIGRATE_LIVE: "migrated",
    ActionKind.MIGRATE_COLD: "moved cold",
    ActionKind.START: "started",
    ActionKind.RESUME: "resumed",
    ActionKind.SHUTDOWN_HOST: "shut down",
}
"""Every kind in words; this is the order in which a wave is told."""


@dataclass(frozen=True, slots=True)
class Wave:
    """Actions that begin once earlier waves are complete, by the estimates of the plan."""

    number: int
    actions: tuple[Action, ...]

    @property
    def start_s(self) -> int:
        """When the first of them begins."""
        return min(action.earliest_start_s for action in self.actions)

    @property
    def end_s(self) -> int:
        """When the last of them ends."""
        return max(action.earliest_start_s + action.duration_s for action in self.actions)


def number_waves(actions: Iterable[Action]) -> dict[int, int]:
    """Action id -> its wave, counted from 1: one more than the last wave that it waits for."""
    waves: dict[int, int] = {}
    for action in actions:
        waves[action.id] = 1 + max((waves.get(one, 0) for one in action.depends_on), default=0)
    return waves


def waves_of(actions: Sequence[Action]) -> tuple[Wave, ...]:
    """The waves in their order, each with its actions in the order in which they may begin."""
    numbers = number_waves(actions)
    found: dict[int, list[Action]] = {}
    for action in sorted(actions, key=lambda action: (numbers[action.id], action.earliest_start_s, action.id)):
        found.setdefault(numbers[action.id], []).append(action)
    return tuple(Wave(number, tuple(members)) for number, members in found.items())


def count_done(actions: Iterable[Action]) -> str:
    """How many hosts and guests what was done with: ``1 fenced, 20 started``."""
    counts = Counter(action.kind for action in actions)
    return ", ".join(f"{counts[kind]} {done}" for kind, done in DONE.items() if counts[kind])
