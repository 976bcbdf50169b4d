"""Why a guest does not run: which hosts refuse it, by what, and how much room is missing."""

from __future__ import annotations

from collections import Counter

import numpy as np

from ..occupancy import Occupancy
from ..outcome import StaysDown
from ..problem import NOWHERE, Problem, Target

CLOSED = "host:closed"
"""The host is down, draining or in maintenance."""
UNEQUIPPED = "host:unequipped"
"""The host does not reach the guest's storage pool, or lacks a capability it needs."""


def explain_down(problem: Problem, reached: Target) -> tuple[StaysDown, ...]:
    """A reason for every wanted guest that does not run in `reached`, highest rank first."""
    down = np.flatnonzero(reached.place == NOWHERE).tolist()
    if not down:
        return ()
    state = Occupancy(problem, problem.floor)
    state.go_to(reached.place)
    ranks = problem.tier_values("rank")
    return tuple(_explain(problem, state, v) for v in sorted(down, key=lambda v: (-ranks[v], v)))


def refusals(problem: Problem, state: Occupancy, v: int) -> dict[int, tuple[str, ...]]:
    """Per host that may not take the absent guest now: the names of what refuses it.

    Names are policy documents, `CLOSED`, `UNEQUIPPED`, or a resource that is short (``room:<name>``, everybody at the
    floor). Only names of policy documents have no colon.
    """
    allowed = problem.allowed
    mask = allowed.mask[allowed.class_of[v]]
    unary = [rule for rule in allowed.rules_of(v) if rule.must]
    need = problem.capacity.load_of(v, problem.floor[v])
    short = (state.usage + need > state.ceiling) & (need > 0)
    admitted = state.admits(v)
    found: dict[int, tuple[str, ...]] = {}
    for h in range(problem.host_count):
        if not mask[h]:
            names = [rule.rule for rule in unary if not rule.mask[h]]
            found[h] = (tuple(names) or (UNEQUIPPED,)) if problem.receiving[h] else (CLOSED,)
        elif admitted is not None and not admitted[h]:
            found[h] = tuple(dict.fromkeys(problem.groups[g].rule for g in state.blocking_groups(v, h)))
        elif short[h].any():
            found[h] = tuple(f"room:{problem.resources[r]}" for r in np.flatnonzero(short[h]))
    return found


def _explain(problem: Problem, state: Occupancy, v: int) -> StaysDown:
    tier = problem.tiers[problem.tier[v]]
    vm_id = problem.vm_ids[v]
    if problem.running[v]:
        return StaysDown(
            vm_id,
            tier.name,
            f"{'suspended' if tier.suspends else 'stopped'} by this plan to make room for others",
            (tier.name,),
        )
    if not problem.startable[v]:
        return StaysDown(
            vm_id,
            tier.name,
            "its failed host cannot be fenced; starting it elsewhere could run it twice",
        )
    found = refusals(problem, state, v)
    counts = Counter(" + ".join(names) for names in found.values())
    parts = [_phrase(name, count) for name, count in counts.most_common()]
    total = problem.host_count
    free = total - len(found)
    reason = f"no host of {total} can take it: " + "; ".join(parts)
    if free:
        reason = f"{free} of {total} hosts could take it, but it costs more than it gains or no safe order leads there"
    nearest = _nearest(problem, state, v, found)
    rules = tuple(dict.fromkeys(n for names in found.values() for n in names if ":" not in n))
    return StaysDown(vm_id, tier.name, reason + nearest, rules)


def _phrase(name: str, count: int) -> str:
    if name.startswith("room:"):
        return f"{count} too full ({name.replace('room:', '')})"
    if name == CLOSED:
        return f"{count} down, draining or in maintenance"
    return f"{count} without its storage pool or devices" if name == UNEQUIPPED else f"refused on {count} by {name}"


def _nearest(problem: Problem, state: Occupancy, v: int, found: dict[int, tuple[str, ...]]) -> str:
    """How much is missing on the host that only lacks room and lacks least of it."""
    full = [h for h, names in found.items() if all(name.startswith("room:") for name in names)]
    if not full:
        return ""
    missing = np.maximum(state.usage + problem.capacity.load_of(v, problem.floor[v]) - state.ceiling, 0)
    units = np.where(
        problem.capacity.backed[v],
        problem.capacity.factor[:, :, 1],
        problem.capacity.factor[:, :, 0],
    )
    lacking = -(-missing // units)
    h = min(
        full,
        key=lambda h: (float((missing[h] / np.maximum(state.ceiling[h], 1)).sum()), h),
    )
    amounts = ", ".join(f"{lacking[h, r]} {problem.resources[r]}" for r in np.flatnonzero(lacking[h]))
    return f"; nearest is {problem.host_ids[h]}, which lacks {amounts} with everybody there at the floor"
