"""The exact engine: every candidate host of every guest in one staged CP-SAT model."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from ..primitives.disruption import BOOT_COST, COLD_FACTOR
from ..primitives.encoding import UNBOUNDED, Breaches, Index, Ints, PlacementVariables
from ..problem import NOWHERE, Level, Problem, Target
from ..sizing import spread_shrinkage
from .cpsat import Budget, CpSatModel, LevelProof, Objective, Term


@dataclass(frozen=True, slots=True)
class Proposal:
    """A target with a proof per level; `target` is None when the time was too short for any."""

    target: Target | None
    proofs: tuple[LevelProof, ...]


class ExactModel:
    """The whole problem as an integer program.

    Variables: one Boolean per guest and candidate host; per host, tier and resource an integer for how much the guests
    of the tier give up there together (exact, because a unit of shrinkage costs the same for every guest of a tier);
    one Boolean per host and resource that lacks room at the start; what the group primitives add.
    """

    def __init__(self, problem: Problem, pinned: Index | None = None) -> None:
        """`pinned` [V] is the only host where a guest may run in the end, NOWHERE for no such demand."""
        self._problem = problem
        self._model = CpSatModel()
        self._variables = self._place(pinned)
        self._shrink: dict[tuple[int, int, int], int] = {}
        self._breaches = Breaches([], [])
        self._link()
        self._fit()
        for group in problem.groups:
            group.encode(self._model, self._variables, problem.current, self._breaches)
        self._boots = self._boot()

    @property
    def variable_count(self) -> int:
        """How large the model is."""
        return self._model.variable_count

    def _place(self, pinned: Index | None) -> PlacementVariables:
        problem = self._problem
        counts, hosts = [], []
        for v in range(problem.vm_count):
            if pinned is not None and pinned[v] != NOWHERE:
                at = np.array([pinned[v]], dtype=np.int32)
            else:
                at = np.flatnonzero(problem.candidates(v)).astype(np.int32)
            counts.append(len(at))
            hosts.append(at)
        start = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
        self._model.add_bools(int(start[-1]))
        return PlacementVariables(start, np.concatenate(hosts) if hosts else np.zeros(0, dtype=np.int32))

    def _link(self) -> None:
        """Each guest runs at most once; a running one that may not be evicted exactly once."""
        problem, start = self._problem, self._variables.start
        for v in range(problem.vm_count):
            literals = range(int(start[v]), int(start[v + 1]))
            if problem.current[v] != NOWHERE and not problem.evictable[v]:
                self._model.add_exactly_one(literals)
            elif len(literals) > 1:
                self._model.add_at_most_one(literals)

    def _fit(self) -> None:
        """Room per host and resource, with shrinkage per tier and tolerance where the start lacks room."""
        problem, model = self._problem, self._model
        capacity, host = problem.capacity, self._variables.host
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
                if over <= 0 and int(loads[:, r].sum()) <= limit:
                    continue
                terms: list[Term] = [(x, c) for x, c in zip(literals, loads[:, r].tolist(), strict=True) if c]
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
                if over > 0:
                    lacks = model.add_bool()
                    self._breaches.add(True, lacks, 1)
                    terms.append((lacks, -over))
                if terms:
                    model.add_linear([x for x, _ in terms], [c for _, c in terms], -UNBOUNDED, limit)

    def _boot(self) -> list[int]:
        """One Boolean per cold spare: it must be booted when a guest is to run on it."""
        boots = []
        host = self._variables.host
        for h in np.flatnonzero(self._problem.disruption.spare).tolist():
            literals = np.flatnonzero(host == h).tolist()
            if literals:
                boot = self._model.add_bool()
                boots.append(boot)
                for literal in literals:
                    self._model.add_clause([-literal - 1, boot])
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
        move_cost = np.where(live, 1, COLD_FACTOR) * problem.disruption.move_cost[guest]
        breach = np.where(runs & ~moves, problem.allowed.breach[classes, host], 0)
        base = (problem.requested - problem.upper).sum(axis=1) * problem.tier_values("shrink_cost")
        running = [
            Objective(
                tuple(_terms(np.where(rank[guest] == r, -value[guest], 0))),
                int(value[rank == r].sum()),
            )
            for r in problem.ranks
        ]
        shrinkage = [(cut, problem.tiers[t].shrink_cost) for (_, t, _), cut in self._shrink.items()]
        boots = [(boot, BOOT_COST) for boot in self._boots]
        measures = (
            *running,
            Objective((*self._breaches.inherited, *_terms(breach))),
            Objective(
                tuple(_terms(np.where(runs & ~restarts, -eviction[guest], 0))), int(eviction[problem.running].sum())
            ),
            Objective(tuple(shrinkage), int(base.sum())),
            Objective((*self._breaches.should, *_terms(problem.allowed.penalty[classes, host]))),
            Objective((*boots, *_terms(np.where(moves, move_cost, 0)))),
            Objective(()),
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
        self._model.hint(variables, [*values, *(cuts[key] for key in self._shrink)])

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
        cutoff: int | None = None,
    ) -> Proposal:
        """Minimises all levels; `on_target` gets every improvement with the index of the level it was found at.

        `known` holds optimal values of leading levels that are proven already, `cutoff` a value reached at the next.
        """

        def report(solution: list[int], level: int) -> None:
            if on_target is not None:
                on_target(self.target(solution), level)

        solution, proofs = self._model.solve_staged(self.objectives(), budget, stop, report, known, cutoff)
        return Proposal(None if solution is None else self.target(solution), tuple(proofs))


def candidate_count(problem: Problem) -> int:
    """How many placement variables the exact model would have."""
    return sum(int(problem.candidates(v).sum()) for v in range(problem.vm_count))


def _fold(level: Level, measures: Sequence[Objective]) -> Objective:
    """The weighted sum of measures that makes up a level."""
    terms: defaultdict[int, int] = defaultdict(int)
    for index, weight in level.parts:
        for variable, coefficient in measures[index].terms:
            terms[variable] += weight * coefficient
    return Objective(tuple(terms.items()), sum(weight * measures[index].offset for index, weight in level.parts))


def _terms(coefficients: Ints) -> Iterator[Term]:
    """The placement variables whose coefficient is not zero."""
    chosen = np.flatnonzero(coefficients)
    return zip(chosen.tolist(), coefficients[chosen].tolist(), strict=True)
