"""The exact model: every candidate host of every guest in one staged CP-SAT model."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence

import numpy as np

from ..measures import PerMeasure
from ..primitives.disruption import BOOT_COST
from ..primitives.encoding import UNBOUNDED, Breaches, Index, Ints, Load, PlacementVariables
from ..problem import NOWHERE, ObjectiveLevel, Problem, Target
from ..sizing import spread_shrinkage
from .cpsat import Budget, CpSatModel, Objective, Term
from .engine import EngineResult


class ExactModel:
    """The whole problem as an integer program.

    Variables: one Boolean per guest and candidate host; per host, tier and resource an integer for how much the guests
    of the tier give up there together (exact, because a unit of shrinkage costs the same for every guest of a tier);
    one Boolean per host and resource that lacks room at the start; one per guest whose move matters beyond its cost;
    what the group primitives and the balance add.
    """

    def __init__(self, problem: Problem, variables: PlacementVariables | None = None) -> None:
        """`variables` say where each guest may run; without them wherever the problem lets it.

        `model` is open to further constraints on the placement variables, which come first.
        """
        self._problem = problem
        self.model = CpSatModel(looks_briefly=True)
        self._variables = all_placement_variables(problem) if variables is None else variables
        self.model.add_bools(int(self._variables.start[-1]))
        self._shrink: dict[tuple[int, int, int], int] = {}
        self._breaches = Breaches([], [])
        self._away: dict[int, int] = {}
        self._loads: dict[tuple[int, int], Load] = {}
        self._link()
        self._fit()
        self._group_moves = self._limit_moves()
        self._balance = problem.imbalance.encode(self.model, problem.capacity, self._loads)
        for group in problem.groups:
            group.encode(self.model, self._variables, problem.current, self._breaches)
        self._boots = self._boot()

    def _link(self) -> None:
        """Each guest runs at most once; a running one that may not be evicted exactly once."""
        problem, start = self._problem, self._variables.start
        for v in range(problem.vm_count):
            literals = range(int(start[v]), int(start[v + 1]))
            if problem.current[v] != NOWHERE and not problem.evictable[v]:
                self.model.add_exactly_one(literals)
            elif len(literals) > 1:
                self.model.add_at_most_one(literals)

    def _fit(self) -> None:
        """Room per host and resource, with shrinkage per tier and tolerance where the start lacks room."""
        problem, model = self._problem, self.model
        capacity, host = problem.capacity, self._variables.host
        balanced = problem.imbalance.resources
        left = self._left_behind()
        guest = np.repeat(np.arange(problem.vm_count), np.diff(self._variables.start))
        order = np.argsort(host, kind="stable")
        bounds = np.searchsorted(host[order], np.arange(problem.host_count + 1))
        slack = problem.upper - problem.floor
        for h in range(problem.host_count):
            pairs = order[bounds[h] : bounds[h + 1]]
            v = guest[pairs]
            literals = pairs.tolist()
            factors = np.where(capacity.backed[v], capacity.factor[h, :, 1], capacity.factor[h, :, 0])
            loads = factors * problem.upper[v]
            for r in range(len(problem.resources)):
                limit = int(capacity.limit[h, r] - capacity.held[h, r])
                over = int(capacity.start[h, r] - capacity.limit[h, r])
                terms: list[Term] = [(x, c) for x, c in zip(literals, loads[:, r].tolist(), strict=True) if c]
                if r in balanced:
                    self._loads[h, r] = Load(terms, int(capacity.held[h, r]), sum(c for _, c in terms))
                kept = left.get((h, r), [])
                if over <= 0 and sum(c for _, c in (*terms, *kept)) <= limit:
                    continue
                for t in np.unique(problem.tier[v]).tolist():
                    of_tier = (problem.tier[v] == t) & (slack[v, r] > 0)
                    if not of_tier.any():
                        continue
                    gives = slack[v[of_tier], r].tolist()
                    cut = model.add_int(0, sum(gives))
                    self._shrink[h, t, r] = cut
                    givers = pairs[of_tier].tolist()
                    model.add_linear([cut, *givers], [1, *(-g for g in gives)], -UNBOUNDED, 0)
                    terms.append(
                        (
                            cut,
                            -int(capacity.factor[h, r, 1 if problem.tiers[t].backed[r] else 0]),
                        )
                    )
                room = [*terms, *kept]
                if over > 0:
                    lacks = model.add_bool()
                    self._breaches.add(True, lacks, 1)
                    room.append((lacks, -over))
                if room:
                    model.add_linear([x for x, _ in room], [c for _, c in room], -UNBOUNDED, limit)

    def _away_of(self, v: int) -> int | None:
        """The Boolean that says whether a guest that runs now runs on another host in the end; None: it cannot."""
        if v not in self._away:
            variables = range(int(self._variables.start[v]), int(self._variables.start[v + 1]))
            others = [x for x in variables if self._variables.host[x] != self._problem.current[v]]
            if not others:
                return None
            away = self._away[v] = self.model.add_bool()
            self.model.add_linear([*others, away], [*([1] * len(others)), -1], 0, 0)
        return self._away[v]

    def _left_behind(self) -> dict[tuple[int, int], list[Term]]:
        """Per host and resource, what guests that move away still hold there."""
        problem = self._problem
        found: defaultdict[tuple[int, int], list[Term]] = defaultdict(list)
        if problem.capacity.transient.any():
            for v in np.flatnonzero(problem.running).tolist():
                loads = problem.capacity.left_behind(v)
                for r in np.flatnonzero(loads).tolist():
                    if (away := self._away_of(v)) is not None:
                        found[int(problem.current[v]), r].append((away, int(loads[r])))
        return found

    def _limit_moves(self) -> int | None:
        """Keeps to the budget; the variable with the most moves of one application, if they have a price."""
        problem, disruption = self._problem, self._problem.disruption
        if disruption.budget < np.count_nonzero(problem.running & ~disruption.exempt):
            self._allow_moves(np.flatnonzero(problem.running & ~disruption.exempt), disruption.budget)
        groups = [
            np.flatnonzero(problem.running & (disruption.group == g))
            for g in np.unique(disruption.group[disruption.group >= 0]).tolist()
        ]
        if disruption.group_limit:
            for guests in groups:
                self._allow_moves(guests[~disruption.exempt[guests]], disruption.group_limit)
        if not disruption.group_weight or not groups:
            return None
        largest = self.model.add_int(0, max(len(guests) for guests in groups))
        for guests in groups:
            away = [x for v in guests.tolist() if (x := self._away_of(v)) is not None]
            self.model.add_linear([*away, largest], [*([1] * len(away)), -1], -UNBOUNDED, 0)
        return largest

    def _allow_moves(self, guests: Ints, limit: int) -> None:
        """At most `limit` of the guests move."""
        away = [x for v in guests.tolist() if (x := self._away_of(v)) is not None]
        if len(away) > limit:
            self.model.add_linear(away, [1] * len(away), -UNBOUNDED, limit)

    def _boot(self) -> list[int]:
        """One Boolean per cold spare: it must be booted when a guest is to run on it."""
        boots = []
        host = self._variables.host
        for h in np.flatnonzero(self._problem.disruption.spare).tolist():
            literals = np.flatnonzero(host == h).tolist()
            if literals:
                boot = self.model.add_bool()
                boots.append(boot)
                for literal in literals:
                    self.model.add_clause([-literal - 1, boot])
        return boots

    def objectives(self) -> tuple[Objective, ...]:
        """The levels in the order of `Problem.level_names`."""
        problem, host = self._problem, self._variables.host
        guest = np.repeat(np.arange(problem.vm_count), np.diff(self._variables.start))
        rank, value = problem.tier_values("rank"), problem.tier_values("value")
        eviction = problem.tier_values("eviction_cost")
        current, classes = problem.current[guest], problem.allowed.class_of[guest]
        runs = current != NOWHERE
        moves = runs & (host != current)
        live = problem.disruption.reaches_live(guest, current, host)
        restarts = moves & ~live & ~problem.disruption.cold[guest]
        move_cost = np.zeros(len(guest), dtype=np.int64)
        move_cost[moves] = problem.disruption.costs(guest[moves], current[moves], host[moves])
        breach = np.where(runs & ~moves, problem.allowed.breach[classes, host], 0)
        base = (problem.requested - problem.upper).sum(axis=1) * problem.tier_values("shrink_cost")
        running = {
            r: Objective(
                tuple(_terms(np.where(rank[guest] == r, -value[guest], 0))),
                int(value[rank == r].sum()),
            )
            for r in problem.ranks
        }
        shrinkage = [(cut, problem.tiers[t].shrink_cost) for (_, t, _), cut in self._shrink.items()]
        boots = [(boot, BOOT_COST) for boot in self._boots]
        if self._group_moves is not None:
            boots.append((self._group_moves, problem.disruption.group_weight))
        measures = PerMeasure(
            running=running,
            inherited=Objective((*self._breaches.inherited, *_terms(breach))),
            stops=Objective(
                tuple(_terms(np.where(runs & ~restarts, -eviction[guest], 0))), int(eviction[problem.running].sum())
            ),
            shrinkage=Objective(tuple(shrinkage), int(base.sum())),
            should=Objective((*self._breaches.should, *_terms(problem.penalties(guest, host)))),
            disruption=Objective((*boots, *_terms(move_cost))),
            balance=Objective(self._balance),
        )
        return tuple(_fold(level, measures) for level in problem.levels)

    def hint(self, target: Target) -> None:
        """Starts the search from a target."""
        problem = self._problem
        place = np.repeat(target.place, np.diff(self._variables.start))
        values = (self._variables.host == place).astype(int).tolist()
        given = problem.upper - target.size
        cuts: dict[tuple[int, int, int], int] = defaultdict(int)
        for v, r in np.argwhere((given > 0) & (target.place >= 0)[:, None]).tolist():
            cuts[int(target.place[v]), int(problem.tier[v]), r] += int(given[v, r])
        variables = [*range(len(values)), *self._shrink.values()]
        self.model.hint(variables, [*values, *(cuts[key] for key in self._shrink)])

    def target(self, solution: list[int]) -> Target:
        """What a solution says."""
        problem, start = self._problem, self._variables.start
        chosen = np.flatnonzero(np.array(solution[: int(start[-1])], dtype=np.int64))
        place = np.full(problem.vm_count, NOWHERE, dtype=np.int32)
        place[np.searchsorted(start, chosen, side="right") - 1] = self._variables.host[chosen]
        shrinkage = {key: solution[cut] for key, cut in self._shrink.items() if solution[cut]}
        return Target(place, spread_shrinkage(problem, place, shrinkage))

    def solve(
        self,
        budget: Budget,
        stop: threading.Event,
        on_target: Callable[[Target, int], None] | None = None,
        known: Sequence[int] = (),
        reached: Sequence[int] = (),
    ) -> EngineResult:
        """Minimises all levels; `on_target` gets every improvement with the index of the level it was found at.

        `known` holds optimal values of leading levels that are proven already, `reached` the values of a target at all
        levels: only better ones are looked for.
        """

        def report(solution: list[int], level: int) -> None:
            if on_target is not None:
                on_target(self.target(solution), level)

        solution, proofs = self.model.solve_staged(self.objectives(), budget, stop, report, known, reached)
        return EngineResult(None if solution is None else self.target(solution), tuple(proofs))


def all_placement_variables(problem: Problem, pinned: Index | None = None) -> PlacementVariables:
    """Every candidate host of every guest, only ``pinned[v]`` where that is not NOWHERE."""
    parts = []
    for v in range(problem.vm_count):
        if pinned is not None and pinned[v] != NOWHERE:
            parts.append(pinned[v : v + 1].astype(np.int32))
        else:
            parts.append(np.flatnonzero(problem.possible_hosts(v)).astype(np.int32))
    start = np.concatenate([[0], np.cumsum([len(part) for part in parts])]).astype(np.int64)
    return PlacementVariables(start, np.concatenate(parts) if parts else np.zeros(0, dtype=np.int32))


def variable_count(problem: Problem) -> int:
    """How many placement variables the exact model would have; guests that are alike are counted once."""
    disruption, here = problem.disruption, np.maximum(problem.current, 0)
    runs = problem.current != NOWHERE
    columns = [
        problem.allowed.class_of,
        runs,
        problem.startable,
        problem.fixed,
        problem.evictable,
        disruption.live,
        disruption.cold,
        np.where(runs, disruption.generation[here], 0) if problem.host_count else runs,
        problem.allowed.mask[problem.allowed.class_of, here] if problem.host_count else runs,
    ]
    alike = np.stack(columns, axis=1).astype(np.int64).reshape(problem.vm_count, len(columns))
    _, first, count = np.unique(alike, axis=0, return_index=True, return_counts=True)
    return sum(int(problem.possible_hosts(int(v)).sum()) * int(n) for v, n in zip(first, count, strict=True))


def _fold(level: ObjectiveLevel, measures: PerMeasure[Objective]) -> Objective:
    """The weighted sum of measures that makes up a level."""
    terms: defaultdict[int, int] = defaultdict(int)
    for key, weight in level.parts:
        for variable, coefficient in measures[key].terms:
            terms[variable] += weight * coefficient
    return Objective(tuple(terms.items()), sum(weight * measures[key].offset for key, weight in level.parts))


def _terms(coefficients: Ints) -> Iterator[Term]:
    """The placement variables whose coefficient is not zero."""
    chosen = np.flatnonzero(coefficients)
    return zip(chosen.tolist(), coefficients[chosen].tolist(), strict=True)
