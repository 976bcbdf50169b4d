"""How the levels weigh against each other in one number while a search runs.

A search needs one energy; the objective has strict levels. *Soft* weights let a little of a higher level be risked for
much of a lower one while the search is hot, so that it can cross ridges. *Strict* weights make the smallest gain at a
level outweigh the largest loss at all later ones in a single change: with them a search that takes no losses ends where
no change improves the levels in their order. Of reserves and balance, which one change can worsen on many hosts and in
many percent, they cover what is usual: wider ones would leave the range in which floats count exactly.
"""

from __future__ import annotations

from dataclasses import replace
from typing import assert_never

import numpy as np

from ...measures import Key, Measure, PerMeasure, per_measure
from ...primitives.disruption import BOOT_COST
from ...problem import Problem

_BETWEEN_RANKS = 1000.0
_SOFT = (1.0, 0.05, 0.03, 0.02, 0.01, 0.004)
"""What a typical unit weighs at the levels after the last one of running guests, which weighs 1."""


Weights = PerMeasure[float]
"""Energy of one unit of each measure."""


def soft_weights(problem: Problem, disruption: float = 1.0) -> Weights:
    """Weights for a hot search. `disruption` scales what moves weigh: searches side by side use several."""
    if len(problem.levels) == 1:
        return _weights(problem, [1.0])
    strengths: list[float] = []
    lead = sum(level.counts_losses for level in problem.levels)
    losses = 0
    for i, level in enumerate(problem.levels):
        if level.counts_losses:
            strengths.append(_BETWEEN_RANKS ** (lead - 1 - losses))
            losses += 1
        else:
            after = min(max(0, i - lead), len(_SOFT) - 1)
            unit = min(_typical(problem, key) * weight for key, weight in level.parts)
            strengths.append(_SOFT[after] / max(unit, 1e-9))
    weights = _weights(problem, strengths)
    return replace(weights, disruption=weights.disruption * disruption)


def strict_weights(problem: Problem) -> Weights:
    """Weights under which a usual single change never pays for a loss at one level with gains at later ones."""
    strengths: list[float] = []
    strength = 1.0
    for level in reversed(problem.levels):
        strengths.append(strength)
        strength *= 1.0 + 2.0 * sum(_largest(problem, key) * weight for key, weight in level.parts)
    return _weights(problem, strengths[::-1])


def _weights(problem: Problem, strengths: list[float]) -> Weights:
    """What each measure weighs when a unit of each level has one of the `strengths`."""

    def weight_of(key: Key) -> float:
        total = 0.0
        for level, strength in zip(problem.levels, strengths, strict=True):
            for part, weight in level.parts:
                if part == key:
                    total += weight * strength
        return total

    return per_measure(problem.ranks, weight_of)


def _typical(problem: Problem, key: Key) -> float:
    """How many units of a measure one ordinary change makes."""
    match key.measure:
        case Measure.RUNNING | Measure.INHERITED:
            return 1.0
        case Measure.STOPS:
            return 2.0
        case Measure.SHRINKAGE:
            shrinkable = ((problem.upper - problem.floor) * problem.tier_values("shrink_cost")[:, None]).sum(axis=1)
            return float(shrinkable[shrinkable > 0].mean()) if (shrinkable > 0).any() else 1.0
        case Measure.SHOULD:
            weights = _should_weights(problem)
            return float(np.mean(weights)) if weights else 1.0
        case Measure.DISRUPTION:
            return float(problem.disruption.move_cost.mean()) if problem.vm_count else 1.0
        case Measure.BALANCE:
            cost = problem.imbalance.cost(problem.capacity, problem.capacity.start)
            return max(1.0, cost / max(1, problem.host_count))
        case _:
            assert_never(key.measure)


def _largest(problem: Problem, key: Key) -> float:
    """How many units of a measure one change of two or three guests makes at the most."""
    match key.measure:
        case Measure.RUNNING:
            return 3.0 * max(tier.value for tier in problem.tiers)
        case Measure.INHERITED | Measure.STOPS:
            return 12.0
        case Measure.SHRINKAGE:
            most = ((problem.upper - problem.floor) * problem.tier_values("shrink_cost")[:, None]).sum(axis=1)
            return 4.0 * float(most.max(initial=1))
        case Measure.SHOULD:
            return 6.0 * max(_should_weights(problem), default=1)
        case Measure.DISRUPTION:
            disruption = problem.disruption
            moves = 12.0 * float(disruption.move_cost.max(initial=1)) + 3.0 * float(disruption.pair_cost.max(initial=0))
            return moves + 3.0 * (BOOT_COST * bool(disruption.spare.any()) + disruption.group_weight)
        case Measure.BALANCE:
            return 8.0 * max(1.0, _typical(problem, key))
        case _:
            assert_never(key.measure)


def _should_weights(problem: Problem) -> list[int]:
    """What one breach of each should rule weighs."""
    weights = [group.weight for group in problem.groups if not group.must]
    return weights + [rule.weight for rule in problem.unary_rules if not rule.must]
