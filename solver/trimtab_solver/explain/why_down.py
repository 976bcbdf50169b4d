"""Why a guest does not run: which hosts refuse it, by what, and how much room is missing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..occupancy import Occupancy
from ..outcome import StaysDown
from ..primitives.encoding import Bools, Ints
from ..problem import NOWHERE, Problem, Target
from ..snapshot import Vm
from ..suitability.fencing import stranded
from ..suitability.receiving import CLOSED as _CLOSED

CLOSED = "host:closed"
"""The host is down, draining or in maintenance."""
UNEQUIPPED = "host:unequipped"
"""The host does not reach the guest's storage pool, or lacks a capability it needs."""
_ROOM = "room:"
_NOTHING = -1


def explain_down(problem: Problem, reached: Target, vms: Sequence[Vm]) -> tuple[StaysDown, ...]:
    """A reason for each of `vms`, those of the problem, that does not run in `reached`, highest rank first."""
    down = np.flatnonzero(reached.place == NOWHERE).tolist()
    if not down:
        return ()
    state = Occupancy(problem, problem.floor)
    state.go_to(reached.place)
    explanation = _Explanation(problem, state, vms)
    ranks = problem.tier_values("rank")
    return tuple(explanation.of(v) for v in sorted(down, key=lambda v: (-ranks[v], v)))


@dataclass(frozen=True, slots=True)
class Refusals:
    """What refuses an absent guest on each host: ``names[cause[h]]``; nothing does where `cause` [H] is -1.

    Names are policy documents, `CLOSED`, `UNEQUIPPED`, or a resource that is short (``room:<name>``, everybody at the
    floor). Only names of policy documents have no colon.
    """

    names: tuple[tuple[str, ...], ...]
    cause: Ints

    def on(self, h: int) -> tuple[str, ...]:
        """What refuses the guest on one host."""
        cause = int(self.cause[h])
        return () if cause == _NOTHING else self.names[cause]

    def counts(self) -> list[tuple[tuple[str, ...], int]]:
        """Each combination of names with the number of its hosts, in the order of its first host."""
        counts = np.bincount(self.cause + 1, minlength=len(self.names) + 1)[1:].tolist()
        first = np.zeros(len(self.names) + 1, dtype=np.int64)
        # the last write to a place is that of the first host
        first[self.cause[::-1]] = np.arange(len(self.cause))[::-1]
        found = sorted((int(first[cause]), cause) for cause, count in enumerate(counts) if count)
        return [(self.names[cause], counts[cause]) for _, cause in found]

    def after(self, causes: Sequence[tuple[str, Bools]]) -> Refusals:
        """With `causes`, each of which refuses the guest on the hosts [H] it holds on, where nothing else does yet."""
        if not causes:
            return self
        number = np.zeros(len(self.cause), dtype=np.int64)
        combinations: list[tuple[str, ...]] = [()]
        for name, hosts in causes:
            # the combination that a host had so far, with or without this cause; those that no host has are left out
            pairs = 2 * number + hosts
            used = np.flatnonzero(np.bincount(pairs, minlength=2 * len(combinations)))
            place = np.zeros(2 * len(combinations), dtype=np.int64)
            place[used] = np.arange(len(used))
            number = place[pairs]
            combinations = [
                tuple(dict.fromkeys((*combinations[pair // 2], name))) if pair % 2 else combinations[pair // 2]
                for pair in used.tolist()
            ]
        named = np.array([bool(names) for names in combinations], dtype=np.bool_)[number]
        cause = np.where((self.cause == _NOTHING) & named, len(self.names) + number, self.cause)
        return Refusals((*self.names, *combinations), cause)


def refusals(problem: Problem, state: Occupancy, v: int) -> Refusals:
    """What refuses the absent guest now."""
    return _with_others(problem, state, v, _alone(problem, v))


def _alone(problem: Problem, v: int) -> Refusals:
    """What refuses the guest whoever else runs where; the same for all guests of its class."""
    allowed = problem.allowed
    barred = ~allowed.mask[allowed.class_of[v]]
    return (
        Refusals((), np.full(problem.host_count, _NOTHING, dtype=np.int64))
        .after([(CLOSED, barred & ~problem.receiving)])
        .after([(rule.rule, ~rule.mask) for rule in allowed.rules_of(v) if rule.must])
        .after([(UNEQUIPPED, barred)])
    )


def _with_others(problem: Problem, state: Occupancy, v: int, alone: Refusals) -> Refusals:
    """What refuses the guest, must groups and room included."""
    need = problem.capacity.load_of(v, problem.floor[v])
    short = (state.usage + need > state.ceiling) & (need > 0)
    return alone.after([(problem.groups[g].rule, ~admitted) for g, admitted in state.refusing_groups(v)]).after(
        [(f"{_ROOM}{resource}", short[:, r]) for r, resource in enumerate(problem.resources)]
    )


class _Explanation:
    """Explains one guest after the other; guests that are alike in all that counts are looked at once."""

    def __init__(self, problem: Problem, state: Occupancy, vms: Sequence[Vm]) -> None:
        self._problem = problem
        self._state = state
        self._vms = vms
        self._running = problem.running
        self._alone: dict[int, Refusals] = {}
        self._known: dict[tuple[object, ...], tuple[str, tuple[str, ...]]] = {}

    def of(self, v: int) -> StaysDown:
        problem = self._problem
        tier = problem.tiers[problem.tier[v]]
        vm_id = problem.vm_ids[v]
        if self._running[v]:
            how = "suspended" if tier.suspends else "stopped"
            return StaysDown(vm_id, tier.name, f"{how} by this plan to make room for others", (tier.name,))
        if not problem.startable[v]:
            return StaysDown(vm_id, tier.name, stranded(self._vms[v]))
        likeness = self._likeness(v)
        if likeness not in self._known:
            self._known[likeness] = self._refused(v)
        return StaysDown(vm_id, tier.name, *self._known[likeness])

    def _likeness(self, v: int) -> tuple[object, ...]:
        """All that `refusals` and the nearest host depend on."""
        problem = self._problem
        return (
            int(problem.allowed.class_of[v]),
            problem.floor[v].tobytes(),
            problem.capacity.backed[v].tobytes(),
            *((problem.groups[g].rule, admitted.tobytes()) for g, admitted in self._state.refusing_groups(v)),
        )

    def _refused(self, v: int) -> tuple[str, tuple[str, ...]]:
        """Why no host takes the guest, and the policy documents among the reasons."""
        c = int(self._problem.allowed.class_of[v])
        if c not in self._alone:
            self._alone[c] = _alone(self._problem, v)
        found = _with_others(self._problem, self._state, v, self._alone[c])
        counts: Counter[str] = Counter()
        for names, count in found.counts():
            counts[" + ".join(names)] += count
        total = self._problem.host_count
        free = int((found.cause == _NOTHING).sum())
        if free:
            cost = "but it costs more than it gains or no safe order leads there"
            reason = f"{free} of {total} hosts could take it, {cost}"
        else:
            parts = [_phrase(name, count) for name, count in counts.most_common()]
            reason = f"no host of {total} can take it: " + "; ".join(parts)
        rules = tuple(dict.fromkeys(name for names, _ in found.counts() for name in names if ":" not in name))
        return reason + self._nearest(v, found), rules

    def _nearest(self, v: int, found: Refusals) -> str:
        """How much is missing on the host that only lacks room and lacks least of it."""
        problem, state = self._problem, self._state
        roomless = [i for i, names in enumerate(found.names) if all(name.startswith(_ROOM) for name in names)]
        full = np.flatnonzero(np.isin(found.cause, roomless))
        if len(full) == 0:
            return ""
        load = problem.capacity.load_of(v, problem.floor[v])[full]
        missing = np.maximum(state.usage[full] + load - state.ceiling[full], 0)
        nearest = int((missing / np.maximum(state.ceiling[full], 1)).sum(axis=1).argmin())
        h = int(full[nearest])
        units = np.where(problem.capacity.backed[v], problem.capacity.factor[h, :, 1], problem.capacity.factor[h, :, 0])
        lacking = -(-missing[nearest] // units)
        amounts = ", ".join(f"{lacking[r]} {problem.resources[r]}" for r in np.flatnonzero(lacking))
        return f"; nearest is {problem.host_ids[h]}, which lacks {amounts} with everybody there at the floor"


def _phrase(name: str, count: int) -> str:
    if name.startswith(_ROOM):
        return f"{count} too full ({name.replace(_ROOM, '')})"
    if name == CLOSED:
        return f"{count} {_CLOSED}"
    return f"{count} without its storage pool or devices" if name == UNEQUIPPED else f"refused on {count} by {name}"
