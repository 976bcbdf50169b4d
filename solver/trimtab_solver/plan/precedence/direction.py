"""A key that is raised and lowered: who raises it waits for all who lowered it before."""

from __future__ import annotations

from collections.abc import MutableSequence, Sequence

from ...primitives.transits import DirectedKey

FEW_WAITS = 8
"""So many waits per step are few."""


class Direction:
    """Those who have lowered the key, as far as somebody who raises it must be told to wait for them.

    Where each waits for all, the waits may be as many as the square of the steps. Then some of those who lower become
    *gates*: a gate waits for those before it and stands for them all. When there are too many gates, the last of them
    becomes a gate of the next tier; so a step waits for a few of each tier, and the tiers are as many as the
    logarithm of the steps.
    """

    def __init__(self, key: DirectedKey, durations: Sequence[int]) -> None:
        self._durations = durations
        self._tiers: list[list[int]] = [[]]
        """Steps to wait for, in list order, those that stand for none first, then gates."""
        self._raised = -1
        """The step that raised it last."""
        self._has_gates = _count_waits(key) > FEW_WAITS * len(key.effects)

    def raise_by(self, step: int, needs: MutableSequence[set[int]]) -> None:
        """Adds to the `needs` of the step all who have lowered the key, and to those of gates whom they stand for."""
        if self._has_gates:
            self._make_gates(needs)
        lowering = {before for tier in self._tiers for before in tier}
        needs[step] |= lowering - {step}
        self._raised = step
        if step in lowering:
            self._tiers = [[step]]

    def lower_by(self, step: int) -> None:
        """The step has to be waited for; if it has waited for all others itself, it stands for them."""
        if step == self._raised:
            self._tiers = [[step]]
        elif not self._tiers[0] or self._tiers[0][-1] != step:
            self._tiers[0].append(step)

    def _make_gates(self, needs: MutableSequence[set[int]]) -> None:
        for number, tier in enumerate(self._tiers):
            if len(tier) <= FEW_WAITS:
                continue
            # of the last ones the one that takes least time, as waiting for all others makes it late
            at = min(range(len(tier) - FEW_WAITS, len(tier)), key=lambda i: (self._durations[tier[i]], -i))
            needs[tier[at]].update(tier[:at])
            if number + 1 == len(self._tiers):
                self._tiers.append([])
            self._tiers[number + 1].append(tier[at])
            self._tiers[number] = tier[at + 1 :]


def _count_waits(key: DirectedKey) -> int:
    """How many waits there are when each names all whom it waits for, unless one stands for them."""
    waits = lowered = 0
    for effect in key.effects:
        if effect.raises:
            waits += lowered
        if effect.lowers:
            lowered = 1 if effect.raises else lowered + 1
    return waits
