"""Who runs where, by numbers: a CP-SAT model that counts alike guests per host instead of naming them.

A guest that arrives is one of its kind, so there is one integer per kind and host where the exact model has a Boolean
per guest and host, and no two solutions differ by names only. Rules about groups are left out: what is proven of the
loss holds for the problem, what is found becomes a target by giving names, as far as must rules allow.
"""

from __future__ import annotations

import heapq
import threading
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from ..measures import Key, Measure
from ..occupancy import Occupancy
from ..primitives.disruption import COLD_FACTOR
from ..primitives.encoding import UNBOUNDED, Bools, Index, Ints
from ..problem import NOWHERE, Problem, Target
from ..sizing import fit_sizes
from .assigning import displace, return_home, take_slot, trade_slots
from .cpsat import Budget, CpSatModel, Objective, Term
from .proof import LevelProof
from .relaxation.aggregation import Relaxation, relax


@dataclass(frozen=True, slots=True)
class Neighbourhood:
    """Some `hosts` [H] of a placement [V], to be filled anew with the guests on them and those that are down."""

    place: Index
    hosts: Bools


@dataclass(frozen=True, slots=True)
class _Residents:
    """Guests of one kind that run on one host now; `members` are guests.

    `stopped` and `moved` are the variables for how many are stopped, and how many run on another host; None when none
    may. On a host outside of the neighbourhood nobody stays. One that moves leaves `behind` on its host, per resource.
    """

    kind: int
    host: int
    members: tuple[int, ...]
    stopped: int | None
    moved: int | None
    stays: bool
    behind: tuple[int, ...]


class CountModel:
    """The ranks, stops and moves of a problem, in this order, without rules about groups."""

    def __init__(
        self,
        problem: Problem,
        moves: int | None = None,
        around: Neighbourhood | None = None,
        relaxation: Relaxation | None = None,
    ) -> None:
        """`moves` replaces the problem's own budget of moved guests; outside of `around` nothing changes.

        `relaxation` is that of the problem, where it is at hand.
        """
        self._problem = problem
        self._relaxation = relaxation or relax(problem)
        self._model = CpSatModel()
        self._hint: dict[int, int] = {}
        around = around or Neighbourhood(problem.current, np.ones(problem.host_count, dtype=np.bool_))
        self._place, self._hosts = around.place, around.hosts
        within = (around.place >= 0) & around.hosts[np.maximum(around.place, 0)]
        down = around.place == NOWHERE
        self._free: Bools = within | (down & (self._at_home() | ~problem.running))
        """Guests [V] that the model decides on."""
        counted = problem.running & ~problem.disruption.exempt & ~self._free & ~down & (around.place != problem.current)
        self._budget = (problem.disruption.budget if moves is None else moves) - int(counted.sum())
        self._residents = self._add_residents()
        self._arrivals = self._add_arrivals()
        self._waits = self._add_waits()
        self._fit()
        self._balance()
        if self._budget < problem.vm_count:
            exempt = problem.disruption.exempt
            moved = [(g.moved, 1) for g in self._residents if g.moved is not None and not exempt[g.members[0]]]
            self._add(moved, -UNBOUNDED, self._budget)
        self._model.hint(list(self._hint), list(self._hint.values()))

    def _add(self, terms: list[Term], low: int, high: int) -> None:
        if terms:
            self._model.add_linear([v for v, _ in terms], [c for _, c in terms], low, high)

    def _add_residents(self) -> list[_Residents]:
        relaxation, model, place = self._relaxation, self._model, self._place
        alike: dict[tuple[int, ...], list[int]] = defaultdict(list)
        columns = (relaxation.kind, relaxation.host, relaxation.evictable, relaxation.movable, relaxation.counted)
        mine = np.flatnonzero(self._free[relaxation.resident])
        behind = self._left_behind(relaxation.resident[mine]).tolist()
        for i, left, *key in zip(mine.tolist(), behind, *(column[mine].tolist() for column in columns), strict=True):
            alike[*key, *left].append(int(relaxation.resident[i]))
        groups = []
        for (kind, host, evictable, movable, _, *left), members in sorted(alike.items()):
            # who stays as they are come last: the first are stopped, then moved
            members.sort(key=lambda v: (place[v] == self._problem.current[v], place[v] != NOWHERE, v))
            number, stays = len(members), bool(self._hosts[host])
            stopped = model.add_int(0, number) if evictable else None
            may_move = self._budget > 0 or not stays or bool(self._problem.disruption.exempt[members[0]])
            moved = model.add_int(0, number) if movable and may_move else None
            variables = [variable for variable in (stopped, moved) if variable is not None]
            if len(variables) > 1 or not stays:
                model.add_linear(variables, [1] * len(variables), 0 if stays else number, number)
            if stopped is not None:
                self._hint[stopped] = sum(place[v] == NOWHERE for v in members)
            if moved is not None:
                self._hint[moved] = sum(place[v] not in (NOWHERE, host) for v in members)
            groups.append(_Residents(kind, host, tuple(members), stopped, moved, stays, tuple(left)))
        return groups

    def _add_arrivals(self) -> dict[tuple[int, int], int]:
        problem, relaxation, model = self._problem, self._relaxation, self._model
        supply = self._waiting()
        for group in self._residents:
            if group.moved is not None:
                supply[group.kind] += len(group.members)
        now: dict[tuple[int, int], int] = defaultdict(int)
        for v in np.flatnonzero(self._free & (self._place >= 0) & (self._place != problem.current)).tolist():
            now[int(relaxation.kind_of[v]), int(self._place[v])] += 1
        arrivals: dict[tuple[int, int], int] = {}
        loads = self._loads()
        for k in np.flatnonzero(supply).tolist():
            for h in np.flatnonzero(relaxation.mask[k][relaxation.type_of] & self._hosts).tolist():
                load = loads[k, relaxation.type_of[h]]
                used = load > 0
                most = int((relaxation.room[h][used] // load[used]).min(initial=int(supply[k])))
                if most > 0:
                    arrivals[k, h] = model.add_int(0, min(most, int(supply[k])))
                    self._hint[arrivals[k, h]] = now[k, h]
        return arrivals

    def _waiting(self) -> Ints:
        """Guests of each kind [K] that do not run now and that the model decides on."""
        mine = self._free & ~self._problem.running
        return np.bincount(self._relaxation.kind_of[mine], minlength=len(self._relaxation.tier)).astype(np.int64)

    def _add_waits(self) -> dict[int, int]:
        waiting = self._waiting()
        down = np.bincount(
            self._relaxation.kind_of[self._free & ~self._problem.running & (self._place == NOWHERE)],
            minlength=len(waiting),
        )
        waits = {k: self._model.add_int(0, int(waiting[k])) for k in np.flatnonzero(waiting).tolist()}
        self._hint |= {variable: int(down[k]) for k, variable in waits.items()}
        return waits

    def _loads(self) -> Ints:
        relaxation = self._relaxation
        backed = np.array([tier.backed for tier in self._problem.tiers], dtype=np.bool_)
        return relaxation.loads(relaxation.floor, backed.reshape(len(self._problem.tiers), -1)[relaxation.tier])

    def _left_behind(self, guests: Ints) -> Ints:
        """What each of these guests [n] holds where it runs now while it runs elsewhere [n, R]."""
        capacity = self._problem.capacity
        at, backed = capacity.origin[guests], capacity.backed[guests]
        factor = np.where(backed, capacity.factor[at, :, 1], capacity.factor[at, :, 0])
        return np.asarray(np.where(capacity.transient, factor * capacity.allocated[guests], 0))

    def _fit(self) -> None:
        relaxation, loads = self._relaxation, self._loads()
        terms: dict[int, list[tuple[int, Ints]]] = defaultdict(list)
        held = np.zeros_like(relaxation.room)
        # who has left for a host outside holds what stays behind
        gone = ~self._free[relaxation.resident] & (self._place[relaxation.resident] >= 0)
        gone &= self._place[relaxation.resident] != relaxation.host
        np.add.at(held, relaxation.host[gone], self._left_behind(relaxation.resident[gone]))
        for (k, h), count in self._arrivals.items():
            terms[h].append((count, loads[k, relaxation.type_of[h]]))
        for group in self._residents:
            if not group.stays:
                continue
            load = loads[group.kind, relaxation.type_of[group.host]]
            held[group.host] += load * len(group.members)
            if group.stopped is not None:
                terms[group.host].append((group.stopped, -load))
            if group.moved is not None:
                terms[group.host].append((group.moved, np.array(group.behind, dtype=np.int64) - load))
        for h, found in terms.items():
            for r in range(relaxation.room.shape[1]):
                self._add(
                    [(v, int(load[r])) for v, load in found if load[r]],
                    -UNBOUNDED,
                    int(relaxation.room[h, r] - held[h, r]),
                )

    def _balance(self) -> None:
        """Per kind, who arrives or stays down was waiting or moves."""
        terms: dict[int, list[Term]] = defaultdict(list)
        for (k, _), count in self._arrivals.items():
            terms[k].append((count, 1))
        for k, count in self._waits.items():
            terms[k].append((count, 1))
        for group in self._residents:
            if group.moved is not None:
                terms[group.kind].append((group.moved, -1))
        waiting = self._waiting()
        for k, found in terms.items():
            self._add(found, int(waiting[k]), int(waiting[k]))

    def _at_home(self) -> Bools:
        """Guests [V] that run now on a host of the neighbourhood."""
        current = self._problem.current
        return np.asarray((current >= 0) & self._hosts[np.maximum(current, 0)])

    def _objectives(self) -> dict[Key, Objective]:
        """What is minimised, in this order."""
        problem, relaxation = self._problem, self._relaxation
        losses: dict[int, list[Term]] = {rank: [] for rank in problem.ranks}
        stops: list[Term] = []
        moves: list[Term] = []
        for k, count in self._waits.items():
            tier = problem.tiers[relaxation.tier[k]]
            losses[tier.rank].append((count, tier.value))
        for group in self._residents:
            tier = problem.tiers[relaxation.tier[group.kind]]
            if group.stopped is not None:
                losses[tier.rank].append((group.stopped, tier.value))
                stops.append((group.stopped, tier.eviction_cost))
            if group.moved is not None:
                v = group.members[0]
                cost = int(problem.disruption.move_cost[v])
                moves.append((group.moved, cost if problem.disruption.live[v] else COLD_FACTOR * cost))
        return {
            **{Key(Measure.RUNNING, rank): Objective(tuple(terms)) for rank, terms in losses.items()},
            Key(Measure.STOPS): Objective(tuple(stops)),
            Key(Measure.DISRUPTION): Objective(tuple(moves)),
        }

    def solve(
        self,
        budget: Budget,
        stop: threading.Event,
        on_target: Callable[[Target], None] | None = None,
        known: Sequence[int] = (),
    ) -> tuple[Target | None, tuple[LevelProof, ...]]:
        """Minimises the losses by rank, then stops, then what moves cost.

        `known` holds losses of leading ranks that some target has and none undercuts. The target keeps every must rule,
        at the price of guests that stay down; None when the time was too short, or names could not be given. The proofs
        are those of the ranks: each holds for the problem while the ranks above are at their proven values.
        """

        def report(solution: list[int], level: int) -> None:
            target = self._named(solution) if on_target is not None and level >= len(known) else None
            if target is not None and on_target is not None:
                on_target(target)

        objectives = self._objectives()
        solution, proofs = self._model.solve_staged(tuple(objectives.values()), budget, stop, report, known)
        of_ranks = tuple(proof for key, proof in zip(objectives, proofs, strict=False) if key.rank is not None)
        return None if solution is None else self._named(solution), of_ranks

    def _named(self, solution: list[int]) -> Target | None:
        """Gives the numbers of a solution names."""
        problem, relaxation = self._problem, self._relaxation
        state = Occupancy(problem, problem.floor)
        state.go_to(np.where(self._free, np.where(self._at_home(), problem.current, NOWHERE), self._place))
        movers: list[int] = []
        for group in self._residents:
            guests = group.members
            stopped = 0 if group.stopped is None else solution[group.stopped]
            moved = 0 if group.moved is None else solution[group.moved]
            for v in guests[: stopped + moved] if group.stays else ():
                state.take(v)
            movers += guests[stopped : stopped + moved]
        slots: dict[int, list[int]] = defaultdict(list)
        for (k, h), count in self._arrivals.items():
            slots[k] += [h] * solution[count]
        # those that must run first, then the ranks in order; within one, those that rules may keep from a place
        ranks = problem.tier_values("rank")
        queue = [
            (problem.current[v] == NOWHERE, -int(ranks[v]), -len(problem.groups_of.get(v, ())), v)
            for v in (*movers, *np.flatnonzero(self._free & ~problem.running).tolist())
        ]
        heapq.heapify(queue)
        free = {entry[-1] for entry in queue}
        arrived: dict[int, list[int]] = defaultdict(list)
        while queue:
            v = heapq.heappop(queue)[-1]
            kind = int(relaxation.kind_of[v])
            # one that was to stay, and had to make way, has no move to spend
            seats = slots[kind] if v in free else []
            if not (take_slot(state, v, seats) or trade_slots(state, v, seats, arrived[kind]) or return_home(state, v)):
                victim = displace(state, v)
                if victim is None:
                    if problem.running[v] and not problem.evictable[v]:
                        return None
                    continue
                others = arrived[int(relaxation.kind_of[victim])]
                if victim in others:
                    others.remove(victim)
                heapq.heappush(queue, (True, -int(ranks[victim]), 0, victim))
            if v in free:
                arrived[kind].append(v)
        changed = np.flatnonzero(state.place != problem.current).tolist()
        if not all(state.admits_absence(v) for v in changed):
            return None
        if not problem.disruption.permits(np.flatnonzero(problem.moved(state.place))):
            return None
        return Target(state.place, fit_sizes(problem, state.place))
