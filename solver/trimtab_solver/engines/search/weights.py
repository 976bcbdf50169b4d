"""How the levels weigh against each other in one number while a search runs.

A search needs one energy; the objective has strict levels. *Soft* weights let a little of a higher level be risked for
much of a lower one while the search is hot, so that it can cross ridges. *Strict* weights make the smallest gain at a
level outweigh the largest loss at all later ones in any single change: with them a search that takes no losses ends
where no change improves the levels in their order.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...problem import Problem

_BETWEEN_RANKS = 1000.0
_SOFT = (1.0, 0.05, 0.03, 0.02, 0.01, 0.004)
"""What a typical unit weighs at the levels after the last one of running guests, which weighs 1."""


@dataclass(frozen=True, slots=True)
class Weights:
    """Energy of one unit of each measure; `running` per rank, highest first."""

    running: tuple[float, ...]
    inherited: float
    stops: float
    shrinkage: float
    should: float
    disruption: float
    balance: float


def soft_weights(problem: Problem, disruption: float = 1.0) -> Weights:
    """Weights for a hot search. `disruption` scales what moves weigh: searches side by side use several."""
    ranks = len(problem.ranks)
    if len(problem.levels) == 1:
        return _weights(ranks, _by_measure(problem, [1.0]))
    strengths: list[float] = []
    lead = sum(any(m < ranks for m, _ in level.parts) for level in problem.levels)
    runs = 0
    for i, level in enumerate(problem.levels):
        if any(m < ranks for m, _ in level.parts):
            strengths.append(_BETWEEN_RANKS ** (lead - 1 - runs))
            runs += 1
        else:
            after = min(max(0, i - lead), len(_SOFT) - 1)
            unit = min(_typical(problem, m) * weight for m, weight in level.parts)
            strengths.append(_SOFT[after] / max(unit, 1e-9))
    found = _by_measure(problem, strengths)
    found[-2] *= disruption
    return _weights(ranks, found)


def strict_weights(problem: Problem) -> Weights:
    """Weights under which a single change never pays for a loss at one level with gains at later ones."""
    strengths: list[float] = []
    strength = 1.0
    for level in reversed(problem.levels):
        strengths.append(strength)
        strength *= 1.0 + 2.0 * sum(_largest(problem, m) * weight for m, weight in level.parts)
    return _weights(len(problem.ranks), _by_measure(problem, strengths[::-1]))


def _by_measure(problem: Problem, strengths: list[float]) -> list[float]:
    found = [0.0] * len(problem.measures)
    for level, strength in zip(problem.levels, strengths, strict=True):
        for m, weight in level.parts:
            found[m] += weight * strength
    return found


def _weights(ranks: int, found: list[float]) -> Weights:
    return Weights(tuple(found[:ranks]), *found[ranks:])


def _typical(problem: Problem, m: int) -> float:
    """How many units of a measure one ordinary change makes."""
    match m - len(problem.ranks):
        case 0:
            return 1.0
        case 1:
            return 2.0
        case 2:
            shrinkable = ((problem.upper - problem.floor) * problem.tier_values("shrink_cost")[:, None]).sum(axis=1)
            return float(shrinkable[shrinkable > 0].mean()) if (shrinkable > 0).any() else 1.0
        case 3:
            weights = [group.weight for group in problem.groups if not group.must]
            weights += [rule.weight for rule in problem.allowed.rules if not rule.must]
            return float(np.mean(weights)) if weights else 1.0
        case 4:
            return float(problem.disruption.move_cost.mean()) if problem.vm_count else 1.0
        case 5:
            cost = problem.balance.cost(problem.capacity, problem.capacity.start)
            return max(1.0, cost / max(1, problem.host_count))
        case _:
            return 1.0


def _largest(problem: Problem, m: int) -> float:
    """How many units of a measure one change of two or three guests makes at the most."""
    ranks = len(problem.ranks)
    if m < ranks:
        return 3.0 * max(tier.value for tier in problem.tiers)
    match m - ranks:
        case 0 | 1:
            return 12.0
        case 2:
            most = ((problem.upper - problem.floor) * problem.tier_values("shrink_cost")[:, None]).sum(axis=1)
            return 4.0 * float(most.max(initial=1))
        case 3:
            weights = [group.weight for group in problem.groups if not group.must]
            weights += [rule.weight for rule in problem.allowed.rules if not rule.must]
            return 6.0 * max(weights, default=1)
        case 4:
            disruption = problem.disruption
            return 12.0 * float(disruption.move_cost.max(initial=1)) + 3.0 * float(disruption.pair_cost.max(initial=0))
        case _:
            return 8.0 * max(1.0, _typical(problem, m))
