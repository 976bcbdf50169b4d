"""Who would have to make room for a guest on a host, and what protects them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..primitives.encoding import Bools, Ints
from ..problem import NOWHERE
from .refusals import NOTHING, refusals
from .words import BUDGET, Scene, count_failures, name_some, why_immobile


@dataclass(frozen=True, slots=True)
class Obstacle:
    """Why a guest stays where it is: what it could have done, what forbids it, and the documents that do.

    Nothing forbids it where `why` is empty.
    """

    way: str
    why: str
    rules: tuple[str, ...] = ()

    def clause(self, names: Sequence[str]) -> str:
        """About the guests that it holds for."""
        if self.why:
            return f"{name_some(names)} could be {self.way}; {self.why}"
        return f"{name_some(names)} {'was' if len(names) == 1 else 'were'} {self.way}, which nothing forbids"


def describe_protection(scene: Scene, v: int, h: int) -> tuple[str, tuple[str, ...]]:
    """Who would have to leave the host so that guest `v`, which is down, has room there, and what forbids it.

    Returns the sentence, empty where no guests that may be touched hold the room, and the documents that forbid it.
    """
    problem = scene.problem
    obstacles: dict[Obstacle, list[str]] = {}
    for u in _in_the_way(scene, v, h):
        obstacles.setdefault(_obstacle(scene, u, v), []).append(problem.vm_ids[u])
    if not obstacles:
        return "", ()
    clauses = [one.clause(names) for one, names in obstacles.items()]
    rules = tuple(dict.fromkeys(rule for one in obstacles for rule in one.rules))
    found = "" if any(one.why for one in obstacles) else "; no safe plan that does so was found"
    return f"{problem.host_ids[h]} would have room if {', and if '.join(clauses)}{found}", rules


def _in_the_way(scene: Scene, v: int, h: int) -> list[int]:
    """Guests whose room on the host suffices for `v`: one of the lowest rank that suffices alone, else several."""
    problem, state = scene.problem, scene.state
    load = problem.capacity.load_at(v, h, problem.floor[v])
    left: Ints = np.where(load > 0, np.maximum(state.usage[h] + load - state.ceiling[h], 0), 0)
    loads = {
        u: problem.capacity.load_at(u, h, state.sizes[u])
        for u in np.flatnonzero((state.place == h) & ~problem.fixed).tolist()
    }
    alone = [u for u, held in loads.items() if (held >= left).all()]
    if alone:
        return [min(alone, key=lambda u: (problem.rank_of(u), int(loads[u].sum())))]
    chosen = []
    for u in sorted(loads, key=lambda u: (problem.rank_of(u), -int(np.minimum(loads[u], left).sum()))):
        if not left.any():
            break
        if np.minimum(loads[u], left).any():
            chosen.append(u)
            left = np.maximum(left - loads[u], 0)
    return [] if left.any() else chosen


def _obstacle(scene: Scene, u: int, v: int) -> Obstacle:
    """Why guest `u` does not make way for `v`: what keeps it from a place elsewhere, or from being stopped."""
    state = scene.state
    h = state.take(u)
    try:
        elsewhere = _places(scene, u)
        elsewhere[h] = False
        moving = _immobility(scene, u, h, elsewhere) if elsewhere.any() else None
        if moving is not None:
            return moving
        return _unstoppable(scene, u, v)
    finally:
        state.put(u, h)


def _places(scene: Scene, u: int) -> Bools:
    """The hosts [H] that would take the absent guest."""
    return np.asarray(refusals(scene.problem, scene.state, u).cause == NOTHING)


def _immobility(scene: Scene, u: int, h: int, elsewhere: Bools) -> Obstacle | None:
    """Why the guest does not move from `h` to one of the hosts `elsewhere`; None where moves make no room."""
    problem, state = scene.problem, scene.state
    came_from = int(problem.current[u])
    if came_from == NOWHERE:
        return None
    reached = problem.disruption.move_targets(u, came_from) & elsewhere
    goals = reached if reached.any() else elsewhere
    way = f"moved to {problem.host_ids[int(np.flatnonzero(goals)[0])]}"
    if not reached.any():
        tier = problem.tiers[problem.tier[u]].name
        return Obstacle(way, _unreachable(scene, u, tier), (tier,))
    if came_from == h and not state.may_move(u):
        return Obstacle(way, BUDGET)
    # who holds something there until the plan is over makes no room by moving
    return None if came_from == h and problem.capacity.left_behind(u).any() else Obstacle(way, "")


def _unreachable(scene: Scene, u: int, tier: str) -> str:
    if scene.problem.disruption.live[u]:
        return f"the CPU generation there is lower, and tier {tier} does not allow cold migration"
    return why_immobile(scene.facts.vms[u], tier)


def _unstoppable(scene: Scene, u: int, v: int) -> Obstacle:
    """Why the guest, taken off its host for the moment, may not stay down, or does not for the sake of `v`."""
    problem = scene.problem
    way = "stopped"
    rules = tuple(dict.fromkeys(problem.groups[g].rule for g in scene.state.groups_refusing_absence(u)))
    if rules:
        return Obstacle(way, f"{' and '.join(rules)} forbids it", rules)
    tier = problem.tiers[problem.tier[u]]
    if problem.current[u] != NOWHERE and not tier.evictable:
        return Obstacle(way, f"tier {tier.name} does not permit it at {count_failures(scene.failures)}", (tier.name,))
    for_whom = problem.tiers[problem.tier[v]]
    if tier.rank >= for_whom.rank:
        if tier.name == for_whom.name:
            return Obstacle(way, f"it is of tier {tier.name} as well", (tier.name,))
        how = "as high as" if tier.rank == for_whom.rank else "above"
        return Obstacle(way, f"tier {tier.name} ranks {how} {for_whom.name}", (tier.name,))
    return Obstacle(way, "")
