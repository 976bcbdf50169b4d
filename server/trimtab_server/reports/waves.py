"""Actions in waves: those of a wave wait for none of the same wave, only for earlier ones."""

from __future__ import annotations

from collections.abc import Sequence

from trimtab_solver.actions import Action


def number_waves(actions: Sequence[Action]) -> dict[int, int]:
    """Action id -> its wave, counted from 1: one more than the last wave that it waits for."""
    waves: dict[int, int] = {}
    for action in actions:
        waves[action.id] = 1 + max((waves.get(one, 0) for one in action.depends_on), default=0)
    return waves
