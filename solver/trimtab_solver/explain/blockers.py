"""Guests that stay on hosts that are to be emptied, and why."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ..outcome import Blocker
from ..policy.selection import Selection
from ..primitives.encoding import Bools
from ..problem import Target
from ..rules.maintenance import Maintenance
from ..snapshot import HostState, VmState
from .refusals import NOTHING, UNREACHED, refusals
from .storage import why_out_of_reach
from .words import BUDGET, Scene, count_failures, describe_refusals, documents_of, why_frozen, why_immobile

_EMPTIED = (HostState.DRAINING, HostState.MAINTENANCE)
_BY_HAND = "stop it by hand to empty the host"


def find_blockers(scene: Scene, selection: Selection, reached: Target) -> tuple[Blocker, ...]:
    """Every guest that runs on such a host in `reached`, in the order of the problem."""
    emptied = _hosts_to_empty(scene, selection)
    guests = reached.place[: scene.facts.guest_count].tolist()
    return tuple(_blocker(scene, reached, v, h, emptied[h]) for v, h in enumerate(guests) if h in emptied)


def _hosts_to_empty(scene: Scene, selection: Selection) -> dict[int, str]:
    """Host -> its state, or the Maintenance that empties it."""
    found = {h: host.state.value for h, host in enumerate(scene.facts.hosts) if host.state in _EMPTIED}
    index = {host.id: h for h, host in enumerate(scene.facts.hosts)}
    for document, spec in selection.policy.of(Maintenance):
        for host_id in sorted(selection.hosts(document, "spec.hosts", spec.hosts)):
            found.setdefault(index[host_id], document.name)
    return found


def _blocker(scene: Scene, reached: Target, v: int, h: int, emptied_by: str) -> Blocker:
    problem = scene.problem
    tier = problem.tiers[problem.tier[v]].name
    reason, rules = _why(scene, reached, v, h)
    return Blocker(problem.vm_ids[v], tier, problem.host_ids[h], emptied_by, reason, rules)


def _why(scene: Scene, reached: Target, v: int, h: int) -> tuple[str, tuple[str, ...]]:
    problem, state, vm = scene.problem, scene.state, scene.facts.vms[v]
    tier = problem.tiers[problem.tier[v]].name
    if vm.state is VmState.MIGRATING:
        return "it is on its way there, and plans leave it alone", ()
    if rule := problem.frozen_by.get(v):
        return why_frozen(rule), (rule,)
    if problem.host_count == 1:
        return "there is no other host", ()
    if out_of_reach := why_out_of_reach(scene, v, h):
        return out_of_reach, ()
    may_go = problem.arrivals(v)
    if not problem.evictable[v] and not (problem.disruption.live[v] or problem.disruption.cold[v]):
        right = f"tier {tier} does not permit to stop it at {count_failures(scene.failures)}"
        return f"{why_immobile(vm, tier)}, and {right}; {_BY_HAND}", (tier,)
    state.take(v)
    try:
        found = refusals(problem, state, v)
        is_affordable = state.may_move(v)
    finally:
        state.put(v, h)
    here = np.arange(problem.host_count) == h
    found = replace(found, cause=np.where(here, NOTHING, found.cause)).after([(UNREACHED, ~may_go & ~here)])
    places = (found.cause == NOTHING) & ~here
    if places.any():
        return (
            f"another host has a place for it, but {_price(scene, reached, v, places) if is_affordable else BUDGET}",
            (),
        )
    return f"in this plan no other host has a place for it: {describe_refusals(scene, v, found)}", documents_of(found)


def _price(scene: Scene, reached: Target, v: int, places: Bools) -> str:
    """At which level it costs to have the guest on the first of these hosts [H]; else that no way there was found."""
    problem = scene.problem
    goal = int(np.flatnonzero(places)[0])
    place, size = reached.place.copy(), reached.size.copy()
    place[v] = goal
    if (problem.capacity.usage(place, size)[goal] > problem.capacity.limit[goal]).any():
        there = place == goal
        size[there] = problem.floor[there]
    for name, then, now in zip(
        problem.level_names, problem.evaluate(Target(place, size)), problem.evaluate(reached), strict=True
    ):
        if then != now:
            cost = f"to have it on {problem.host_ids[goal]} costs at the level {name}"
            return cost if then > now else "no safe plan that brings it there was found"
    return "it gains nothing by going there"
