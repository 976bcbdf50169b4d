"""Why a guest does not run: which hosts refuse it, by what, who would have to make room, and what protects them."""

from __future__ import annotations

import numpy as np

from ..amounts import describe_amount
from ..outcome import StaysDown
from ..primitives.encoding import Bools, Ints
from ..problem import NOWHERE, Target
from ..suitability.fencing import stranded
from .protection import describe_protection
from .refusals import NOTHING, ROOM, SMALL, Refusals, alone, with_others
from .storage import why_out_of_reach
from .words import Scene, describe_refusals, documents_of, why_frozen


def explain_down(scene: Scene, reached: Target) -> tuple[StaysDown, ...]:
    """A reason for each guest that does not run in `reached`, which `scene` shows; highest rank first."""
    down = np.flatnonzero(reached.place == NOWHERE).tolist()
    explanation = _Explanation(scene)
    ranks = scene.problem.tier_values("rank")
    return tuple(explanation.of(v) for v in sorted(down, key=lambda v: (-ranks[v], v)))


class _Explanation:
    """Explains one guest after the other; guests that are alike in all that counts are looked at once."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._problem, self._state = scene.problem, scene.state
        self._running = scene.problem.running
        self._alone: dict[int, Refusals] = {}
        self._known: dict[tuple[object, ...], tuple[str, tuple[str, ...]]] = {}

    def of(self, v: int) -> StaysDown:
        problem = self._problem
        tier = problem.tiers[problem.tier[v]]
        vm_id = problem.vm_ids[v]
        if self._running[v]:
            how = "suspended" if tier.suspends else "stopped"
            return StaysDown(vm_id, tier.name, f"{how} by this plan to make room for others", (tier.name,))
        if rule := problem.frozen_by.get(v):
            return StaysDown(vm_id, tier.name, why_frozen(rule), (rule,))
        if not problem.startable[v]:
            return StaysDown(vm_id, tier.name, stranded(self._scene.facts.vms[v]))
        if lost := why_out_of_reach(self._scene, v):
            return StaysDown(vm_id, tier.name, lost)
        likeness = self._likeness(v)
        if likeness not in self._known:
            self._known[likeness] = self._refused(v)
        return StaysDown(vm_id, tier.name, *self._known[likeness])

    def _likeness(self, v: int) -> tuple[object, ...]:
        """All that `refusals`, the nearest host and what protects others there depend on."""
        problem = self._problem
        return (
            int(problem.allowed.class_of[v]),
            problem.rank_of(v),
            problem.floor[v].tobytes(),
            problem.capacity.backed[v].tobytes(),
            *((problem.groups[g].rule, admitted.tobytes()) for g, admitted in self._state.refusing_groups(v)),
        )

    def _refused(self, v: int) -> tuple[str, tuple[str, ...]]:
        """Why the guest does not run, and the policy documents among the reasons."""
        c = int(self._problem.allowed.class_of[v])
        if c not in self._alone:
            self._alone[c] = alone(self._problem, v)
        found = with_others(self._problem, self._state, v, self._alone[c])
        total = self._problem.host_count
        free = int((found.cause == NOTHING).sum())
        if free:
            return f"{free} of {total} hosts could take it, but no safe plan that starts it was found", documents_of(
                found
            )
        refused = describe_refusals(self._scene, v, found)
        small = found.begins_with(SMALL)
        if (small | (self._alone[c].cause != NOTHING)).all():
            size = f"it is larger than any host that may take it: {self._largest(v, small)}; " if small.any() else ""
            return f"{size}no host of {total} can take it: {refused}", documents_of(found)
        nearest, rules = self._nearest(v, found.begins_with(ROOM))
        reason = f"in this plan no host of {total} has a place for it: {refused}{nearest}"
        return reason, tuple(dict.fromkeys((*documents_of(found), *rules)))

    def _largest(self, v: int, small: Bools) -> str:
        """What the guest needs of each resource that the hosts lack, and the most that one of them has."""
        problem = self._problem
        units = self._units(v)
        most = (self._state.ceiling[small] // units[small]).max(axis=0)
        clauses = [
            f"it needs {describe_amount(resource, int(problem.floor[v, r]))}, "
            f"none has more than {describe_amount(resource, int(most[r]))}"
            for r, resource in enumerate(problem.resources)
            if problem.floor[v, r] > most[r]
        ]
        return " and ".join(clauses) or "none has enough of everything"

    def _units(self, v: int) -> Ints:
        """What one unit of each resource counts for the guest on each host [H, R]."""
        capacity = self._problem.capacity
        return np.where(capacity.backed[v], capacity.factor[:, :, 1], capacity.factor[:, :, 0])

    def _nearest(self, v: int, roomless: Bools) -> tuple[str, tuple[str, ...]]:
        """Of the hosts that only lack room: what is missing on the one that lacks least, who holds it there and why."""
        problem, state = self._problem, self._state
        full = np.flatnonzero(roomless)
        if len(full) == 0:
            return "", ()
        load = problem.capacity.load_of(v, problem.floor[v])[full]
        missing: Ints = np.where(load > 0, np.maximum(state.usage[full] + load - state.ceiling[full], 0), 0)
        nearest = int((missing / np.maximum(state.ceiling[full], 1)).sum(axis=1).argmin())
        h = int(full[nearest])
        lacking = -(-missing[nearest] // self._units(v)[h])
        amounts = ", ".join(describe_amount(problem.resources[r], int(lacking[r])) for r in np.flatnonzero(lacking))
        text = f"; nearest is {problem.host_ids[h]}, which lacks {amounts} with everybody there at the floor"
        protection, rules = describe_protection(self._scene, v, h)
        return f"{text}; {protection}" if protection else text, rules
