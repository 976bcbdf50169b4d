"""Greedy repair: tier by tier, each guest to the best room there is, else to room made by stopping lower tiers.

Always answers, in one pass; the answer respects every must rule and is what better engines start from.
"""

from __future__ import annotations

import heapq

import numpy as np

from ..occupancy import Occupancy
from ..primitives.domain_dependency import DomainDependency
from ..primitives.encoding import Bools, Ints
from ..problem import NOWHERE, Problem, Target
from ..sizing import fit_sizes

_HOSTS_TRIED = 24
"""How many of the most promising hosts are looked at closely when room has to be made."""
_REPAIR_WORK = 4_000_000
"""How many pairs of a guest that breaks a rule and a host are looked at; the restart of others does not wait longer."""


def repair(problem: Problem) -> Target:
    """A target that restarts what it can, in order of rank."""
    return _Repair(problem).run()


class _Repair:
    """Guests are counted at their floors, so that whatever is placed can be made to fit by shrinking."""

    def __init__(self, problem: Problem) -> None:
        self._problem = problem
        self._state = Occupancy(problem, problem.floor)
        self._full = problem.capacity.usage(problem.current, problem.upper)
        """Usage [H, R] if nobody shrank."""
        self._limit = problem.capacity.limit
        self._scale = np.maximum(self._limit, 1).astype(np.float64)
        totals = np.maximum(problem.upper.sum(axis=0), 1)
        self._bulk = (problem.upper / totals).max(axis=1) if problem.vm_count else np.zeros(0)

    def run(self) -> Target:
        problem = self._problem
        queue = [self._entry(v) for v in np.flatnonzero(~problem.running).tolist()]
        heapq.heapify(queue)
        dependent: list[int] = []
        while queue:
            v = heapq.heappop(queue)[-1]
            if self._place(v):
                continue
            victims = self._make_room(v)
            for victim in victims:
                heapq.heappush(queue, self._entry(victim))
            if self._state.place[v] == NOWHERE and self._depends(v):
                dependent.append(v)
        # what they depend on may have come later
        while placed := [v for v in dependent if self._place(v)]:
            dependent = [v for v in dependent if v not in placed]
        self._repair_breaches()
        return Target(self._state.place, fit_sizes(problem, self._state.place))

    def _entry(self, v: int) -> tuple[int, int, float, int]:
        tier = self._problem.tiers[self._problem.tier[v]]
        return (-tier.rank, -tier.value, -float(self._bulk[v]), v)

    def _depends(self, v: int) -> bool:
        """Whether the guest may run only where certain others do."""
        groups = (self._problem.groups[i] for i in self._problem.groups_of.get(v, ()))
        return any(group.must and isinstance(group, DomainDependency) for group in groups)

    def _put(self, v: int, h: int) -> None:
        self._state.put(v, h)
        self._count(v, h, 1)

    def _take(self, v: int) -> int:
        h = self._state.take(v)
        self._count(v, h, -1)
        return h

    def _count(self, v: int, h: int, sign: int) -> None:
        """Adds the guest to what there would be if nobody shrank, or takes it from there."""
        problem, first = self._problem, int(self._problem.current[v])
        self._full[h] += sign * problem.capacity.load_at(v, h, problem.upper[v])
        if first not in (NOWHERE, h):
            self._full[first] += sign * problem.capacity.left_behind(v)

    def _open(self, v: int) -> Bools:
        """Hosts [H] where rules and budget let the absent guest be; for one that ran there, its own host too."""
        mask, first = self._problem.candidates(v), int(self._problem.current[v])
        if first != NOWHERE and not (self._state.may_move(v) and self._state.may_leave(v)):
            mask = mask & (np.arange(len(mask)) == first)
        admitted = self._state.admits(v)
        return mask if admitted is None else mask & admitted

    def _place(self, v: int) -> bool:
        """Puts an absent guest where it fits: unshrunk if possible, fewest should breaches, tightest fit."""
        mask = self._open(v)
        hosts = np.flatnonzero(mask)
        if len(hosts) == 0:
            return False
        load = self._problem.capacity.load_of(v, self._problem.upper[v])[hosts]
        after = self._full[hosts] + load
        roomy = (after <= self._limit[hosts]).all(axis=1)
        if not roomy.any():
            least = self._problem.capacity.load_of(v, self._problem.floor[v])[hosts]
            floors = self._state.usage[hosts] + least
            roomy = ((floors <= self._limit[hosts]) | (least == 0)).all(axis=1)
            if not roomy.any():
                return False
        best = self._best(v, hosts[roomy], after[roomy])
        self._put(v, best)
        return True

    def _best(self, v: int, hosts: Ints, after: Ints) -> int:
        """Fewest breaches, then no stop, least shrinkage, no cold spare, where it ran, and the tightest fit."""
        restart = self._restarts(v, hosts)
        inherited = self._state.inherited(v)[hosts]
        penalty = self._state.penalty(v)[hosts]
        shrinkage = np.maximum(after - self._limit[hosts], 0).sum(axis=1)
        spare = self._problem.disruption.spare[hosts]
        away = hosts != self._problem.current[v]
        free = ((self._limit[hosts] - after) / self._scale[hosts]).sum(axis=1)
        return int(hosts[np.lexsort((hosts, free, away, spare, penalty, shrinkage, restart, inherited))[0]])

    def _restarts(self, v: int, hosts: Ints) -> Bools:
        """Which of the hosts a guest that runs now gets to only by being stopped and started there."""
        source = int(self._problem.current[v])
        if source == NOWHERE:
            return np.zeros(len(hosts), dtype=np.bool_)
        return np.asarray((hosts != source) & ~self._problem.disruption.move_targets(v, source)[hosts])

    def _make_room(self, v: int) -> list[int]:
        """Stops lower-ranked guests on one host and puts `v` there; returns them, or nothing if that cannot be done."""
        problem, state = self._problem, self._state
        hosts = np.flatnonzero(self._open(v))
        rank = problem.rank_of(v)
        ranks = problem.tier_values("rank")
        victims = np.flatnonzero(problem.evictable & (ranks < rank) & (state.place >= 0))
        if len(hosts) == 0 or len(victims) == 0:
            return []
        room = np.zeros_like(state.usage)
        at = state.place[victims]
        factors = problem.capacity.factor[at]
        loads = np.where(problem.capacity.backed[victims], factors[:, :, 1], factors[:, :, 0]) * problem.floor[victims]
        np.add.at(room, at, loads)
        need = problem.capacity.load_of(v, problem.floor[v])
        deficit = np.maximum(state.usage + need - self._limit, 0)
        possible = hosts[(deficit <= room).all(axis=1)[hosts]]
        if len(possible) == 0:
            return []
        order = np.argsort((deficit[possible] / self._scale[possible]).sum(axis=1), kind="stable")
        best: tuple[tuple[int, ...], int, list[int]] | None = None
        for h in possible[order[:_HOSTS_TRIED]].tolist():
            chosen = self._victims(v, h, victims[at == h], deficit[h])
            if chosen is not None:
                cost = self._loss(chosen)
                if best is None or (cost, h) < best[:2]:
                    best = (cost, h, chosen)
        if best is None:
            return []
        _, h, chosen = best
        for victim in chosen:
            self._take(victim)
        self._put(v, h)
        return chosen

    def _victims(self, v: int, h: int, guests: Ints, deficit: Ints) -> list[int] | None:
        """A small set of guests on `h` whose leaving frees `deficit` [R] for `v`: lowest rank first, none in vain."""
        problem = self._problem
        ranks, values = problem.tier_values("rank"), problem.tier_values("value")
        freed = {u: problem.capacity.load_at(u, h, problem.floor[u]) for u in guests.tolist()}
        order = sorted(freed, key=lambda u: (ranks[u], values[u], -float(self._bulk[u]), u))
        chosen: list[int] = []
        missing = deficit.copy()
        for u in order:
            if (missing <= 0).all():
                break
            if ((freed[u] > 0) & (missing > 0)).any():
                chosen.append(u)
                missing = missing - freed[u]
        if (missing > 0).any():
            return None
        for u in sorted(chosen, key=lambda u: (-ranks[u], -values[u], u)):
            if (missing + freed[u] <= 0).all():
                chosen.remove(u)
                missing = missing + freed[u]
        return chosen if self._may_leave(chosen, v, h) else None

    def _may_leave(self, guests: list[int], v: int, h: int) -> bool:
        """Whether no must rule minds that they all go, nor that `v` is on `h` then."""
        state = self._state
        places = [(u, state.take(u)) for u in guests]
        admitted = state.admits(v)
        fine = all(state.admits_absence(u) for u in guests) and (admitted is None or bool(admitted[h]))
        for u, at in places:
            state.put(u, at)
        return fine

    def _loss(self, guests: list[int]) -> tuple[int, ...]:
        """What stopping them costs, per rank, highest first."""
        problem = self._problem
        loss = dict.fromkeys(problem.ranks, 0)
        for u in guests:
            row = problem.tiers[problem.tier[u]]
            loss[row.rank] += row.value
        return tuple(loss.values())

    def _repair_breaches(self) -> None:
        """Moves guests off hosts where they break a rule, as long as there is room elsewhere."""
        problem, state = self._problem, self._state
        for v in self._suspects()[: _REPAIR_WORK // max(1, problem.host_count)]:
            if state.place[v] == NOWHERE or problem.fixed[v] or not problem.arrivals(v).any():
                continue
            h = self._take(v)
            mask = self._open(v)
            hosts = np.flatnonzero(mask)
            load = problem.capacity.load_of(v, problem.floor[v])[hosts]
            after = state.usage[hosts] + load
            roomy = np.asarray((after <= self._limit[hosts]).all(axis=1) | (hosts == h))
            full = self._full[hosts] + problem.capacity.load_of(v, problem.upper[v])[hosts]
            best = self._best_repair(v, hosts[roomy], full[roomy], after[roomy])
            self._put(v, best)

    def _best_repair(self, v: int, hosts: Ints, full: Ints, floors: Ints) -> int:
        """As `_best`, with a host that stays over its limit counted as a breach, and staying preferred to any move."""
        inherited = self._state.inherited(v)[hosts] + (floors > self._limit[hosts]).sum(axis=1)
        restart = self._restarts(v, hosts)
        penalty = self._state.penalty(v)[hosts]
        shrinkage = np.maximum(full - self._limit[hosts], 0).sum(axis=1)
        away = hosts != self._problem.current[v]
        free = ((self._limit[hosts] - full) / self._scale[hosts]).sum(axis=1)
        return int(hosts[np.lexsort((hosts, free, away, penalty, shrinkage, restart, inherited))[0]])

    def _suspects(self) -> list[int]:
        """Guests on a host where they, their group or the host break a rule; must rules first."""
        problem, state = self._problem, self._state
        up = np.flatnonzero(state.place >= 0)
        at, classes = state.place[up], problem.allowed.class_of[up]
        over: Bools = np.asarray((state.usage > self._limit).any(axis=1))
        must = set(up[(problem.allowed.breach[classes, at] > 0) | over[at]].tolist())
        should = set(up[problem.allowed.penalty[classes, at] > 0].tolist())
        for i in np.flatnonzero(problem.group_amounts(state.place)).tolist():
            group = problem.groups[i]
            (must if group.must else should).update(group.guests.tolist())
        return [*sorted(must), *sorted(should - must)]
