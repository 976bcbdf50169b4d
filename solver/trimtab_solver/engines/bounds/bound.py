"""Lower bounds per level, for the values reached at the levels above.

Each bound comes from a relaxation: guests by kind and hosts by type, priced by a linear program and made exact in
integers (`relaxation.lagrangian`), next to counting arguments; `Bounds.tighten` adds that hosts hold whole guests
(`columns.generation`). None is ever above what some target reaches.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import assert_never

import numpy as np

from ...measures import Key, Measure
from ...primitives.disruption import COLD_FACTOR
from ...primitives.encoding import Bools, Ints
from ...problem import NOWHERE, Problem
from ..columns.generation import DantzigWolfeBound
from ..relaxation.aggregation import Relaxation, relax
from ..relaxation.dual import find_prices
from ..relaxation.lagrangian import Floats, bound_at
from ..relaxation.relaxed_problem import Goal, Limit, RelaxedProblem, relaxed_problem
from .crowding import crowded_out
from .imbalance import least_imbalance

_DEAR = np.int64(2**62)
"""What no weights add up to."""
Caps = Mapping[Key, int]
"""What measures may be at most, as the levels above demand."""
_INHERITED, _STOPS = Key(Measure.INHERITED), Key(Measure.STOPS)


def aggregated_bounds(problem: Problem, values: tuple[int, ...] | None = None) -> tuple[int, ...]:
    """A value per level that no target undercuts whose levels above it are at `values` or better.

    Without `values` nothing is known of the levels above. Takes well below a second at 5,000 hosts x 50,000 guests.
    """
    return Bounds(problem).given(values)


class Bounds:
    """The bounds of one problem, computed when asked for and kept."""

    def __init__(self, problem: Problem) -> None:
        self._problem = problem
        self._found: dict[tuple[int, tuple[int, ...] | None], int] = {}
        self._relaxations: dict[tuple[bool, bool], Relaxation] = {}
        self._dantzig_wolfe_bounds: dict[tuple[int, tuple[int, ...]], DantzigWolfeBound] = {}
        budget = problem.disruption.budget
        self._moves = None if budget >= problem.vm_count else budget

    def given(self, values: tuple[int, ...] | None = None) -> tuple[int, ...]:
        """The bound of every level for these values of the levels above it."""
        if values is None:
            return tuple(self._level(i, None) for i in range(len(self._problem.levels)))
        return tuple(self.level(i, values) for i in range(len(values)))

    def level(self, i: int, values: tuple[int, ...]) -> int:
        """The bound of level number `i` for these values of the levels above it."""
        # what is at zero cannot be better
        return self._level(i, values[:i]) if values[i] > 0 else 0

    def known(self, values: tuple[int, ...]) -> tuple[int, ...]:
        """As `given`, from what has been computed before for the same values, or worse ones; else 0."""
        best = [0] * len(self._problem.levels)
        for (i, above), bound in self._found.items():
            if above is None or all(a >= v for a, v in zip(above, values, strict=False)):
                best[i] = max(best[i], bound)
        return tuple(best)

    def tighten(self, values: tuple[int, ...], iterations: int, is_over: Callable[[], bool] = lambda: False) -> bool:
        """Works so many iterations, or until `is_over`, on the first rank that is not proven; whether more may help.

        What it finds counts from then on in `given` and `known`. The same calls find the same.
        """
        found = self._open_loss(values)
        if found is None:
            return False
        i, _, weight = found
        dantzig_wolfe = self._dantzig_wolfe(found, values)
        self._raise(i, values, weight * dantzig_wolfe.improve(iterations, is_over))
        return not dantzig_wolfe.is_converged and self._found[i, values[:i]] < values[i]

    def learn(self, values: tuple[int, ...], prices: Floats) -> None:
        """Looks what prices prove of the first rank that is not proven: of kinds, moves and limits in `scarcity`."""
        found = self._open_loss(values)
        if found is None:
            return
        i, _, weight = found
        dantzig_wolfe = self._dantzig_wolfe(found, values)
        dantzig_wolfe.try_prices(prices)
        self._raise(i, values, weight * dantzig_wolfe.bound)

    def _dantzig_wolfe(self, found: tuple[int, int, int], values: tuple[int, ...]) -> DantzigWolfeBound:
        i, rank, _ = found
        key = i, values[:i]
        if key not in self._dantzig_wolfe_bounds:
            relaxed = self.loss_problem(rank, self._caps(values[:i]))
            self._dantzig_wolfe_bounds[key] = DantzigWolfeBound(relaxed, find_prices(relaxed))
        return self._dantzig_wolfe_bounds[key]

    def _raise(self, i: int, values: tuple[int, ...], bound: int) -> None:
        key = i, values[:i]
        self._found[key] = max(self._level(*key), bound)

    def scarcity(self, values: tuple[int, ...]) -> tuple[int, RelaxedProblem] | None:
        """The first rank that is not proven at these values, and the relaxation with its loss as goal.

        None where the first level that is not proven is no loss of a single rank.
        """
        found = self._open_loss(values)
        if found is None:
            return None
        i, rank, _ = found
        return rank, self.loss_problem(rank, self._caps(values[:i]))

    def _open_loss(self, values: tuple[int, ...]) -> tuple[int, int, int] | None:
        """The first level that is not proven, the rank whose loss it is, and its weight; None if it is no such."""
        for i, (value, bound) in enumerate(zip(values, self.given(values), strict=True)):
            if value > bound:
                (key, weight), *others = self._problem.levels[i].parts
                if others or key.rank is None or self._problem.host_count == 0:
                    return None
                return i, key.rank, weight
        return None

    def _level(self, i: int, above: tuple[int, ...] | None) -> int:
        key = i, above
        if key not in self._found:
            caps = {} if above is None else self._caps(above)
            self._found[key] = sum(weight * self._least(part, caps) for part, weight in self._problem.levels[i].parts)
        return self._found[key]

    def _caps(self, above: tuple[int, ...]) -> dict[Key, int]:
        """What the measures may be when the leading levels have these values or better."""
        caps: dict[Key, int] = {}
        for level, value in zip(self._problem.levels, above, strict=False):
            for key, weight in level.parts:
                if weight > 0:
                    caps[key] = min(caps.get(key, value // weight), value // weight)
        return caps

    def _least(self, key: Key, caps: Caps) -> int:
        """The bound of one measure."""
        if self._problem.vm_count == 0 or self._problem.host_count == 0:
            return self._without_hosts(key)
        match key.measure:
            case Measure.RUNNING:
                assert key.rank is not None, "losses are counted per rank"
                return max(self._loss(key.rank, caps), crowded_out(self._problem, key.rank, _rank_caps(caps)))
            case Measure.INHERITED:
                return self._unmendable(caps)
            case Measure.STOPS:
                return self._fewest_stops(caps)
            case Measure.SHRINKAGE:
                return self._least_shrinkage(caps)
            case Measure.SHOULD:
                return self._least_penalty(caps)
            case Measure.DISRUPTION:
                return self._forced_moves(caps)
            case Measure.BALANCE:
                return least_imbalance(self._problem, self._must_run(caps))
            case _:
                assert_never(key.measure)

    def _without_hosts(self, key: Key) -> int:
        """Nobody runs where there are no hosts."""
        problem = self._problem
        if key.rank is None:
            return 0
        return int(problem.tier_values("value")[problem.tier_values("rank") == key.rank].sum())

    def _relaxation(self, *, elastic: bool = False, tolerant: bool = True) -> Relaxation:
        key = elastic, tolerant
        if key not in self._relaxations:
            self._relaxations[key] = relax(self._problem, elastic=elastic, tolerant=tolerant)
        return self._relaxations[key]

    def _tiers(self, attribute: str) -> Ints:
        return np.array([getattr(tier, attribute) for tier in self._problem.tiers], dtype=np.int64)

    def _limits(self, caps: Caps) -> tuple[Limit, ...]:
        rank, value = self._tiers("rank"), self._tiers("value")
        none = np.zeros_like(value)
        limits = [Limit(np.where(rank == r, value, 0), none, most) for r, most in _rank_caps(caps).items()]
        if _STOPS in caps:
            limits.append(Limit(none, self._tiers("eviction_cost"), caps[_STOPS]))
        return tuple(limits)

    def loss_problem(self, rank: int, caps: Caps) -> RelaxedProblem:
        """The relaxation with the loss at a rank as its goal."""
        value = self._tiers("value")
        relaxation = self._relaxation()
        goal = Goal(
            loss=np.where(self._tiers("rank") == rank, value, 0),
            stop=np.zeros_like(value),
            run=np.zeros(len(relaxation.tier), dtype=np.int64),
            limits=self._limits(caps),
            moves=self._moves,
        )
        return relaxed_problem(relaxation, goal, self._backed(relaxation), self._problem.capacity.transient)

    def _backed(self, relaxation: Relaxation) -> Bools:
        backed = np.array([tier.backed for tier in self._problem.tiers], dtype=np.bool_)
        return np.asarray(backed.reshape(len(self._problem.tiers), -1)[relaxation.tier])

    def _loss(self, rank: int, caps: Caps) -> int:
        relaxed = self.loss_problem(rank, caps)
        return max(0, bound_at(relaxed, find_prices(relaxed)))

    def _must_run(self, caps: Caps) -> Bools:
        """Guests that cannot be down at the end, whatever else [V]."""
        problem = self._problem
        rank, value = problem.tier_values("rank"), problem.tier_values("value")
        must = problem.running & ~problem.evictable
        for r, most in _rank_caps(caps).items():
            must |= (rank == r) & (value > most)
        if _STOPS in caps:
            must |= problem.running & (problem.tier_values("eviction_cost") > caps[_STOPS])
        return np.asarray(must)

    def _rooted(self) -> Bools:
        """Running guests that nothing can bring to another host [V]."""
        problem = self._problem
        opens = np.asarray(problem.allowed.mask.any(axis=1))[problem.allowed.class_of]
        mobile = problem.evictable | problem.disruption.cold | problem.disruption.live
        return np.asarray(problem.running & (problem.fixed | ~opens | ~mobile))

    def _unmendable(self, caps: Caps) -> int:
        """Breaches of guests that can neither be down nor go anywhere, and hosts that lack room for such guests."""
        problem = self._problem
        rooted = np.flatnonzero(self._rooted() & self._must_run(caps))
        at = problem.current[rooted]
        breaches = int(problem.allowed.breach[problem.allowed.class_of[rooted], at].sum())
        stays = np.full(problem.vm_count, NOWHERE, dtype=np.int32)
        stays[rooted] = at
        return breaches + int((problem.capacity.usage(stays, problem.floor) > problem.capacity.limit).sum())

    def _fewest_stops(self, caps: Caps) -> int:
        relaxation = self._relaxation(tolerant=caps.get(_INHERITED) != 0)
        none = np.zeros(len(self._problem.tiers), dtype=np.int64)
        run = np.zeros(len(relaxation.tier), dtype=np.int64)
        goal = Goal(none, self._tiers("eviction_cost"), run, None, self._limits(caps), self._moves)
        relaxed = relaxed_problem(relaxation, goal, self._backed(relaxation), self._problem.capacity.transient)
        return max(0, bound_at(relaxed, find_prices(relaxed)))

    def _least_shrinkage(self, caps: Caps) -> int:
        problem = self._problem
        cost = problem.tier_values("shrink_cost")
        always = self._must_run(caps)
        base = int(((problem.requested - problem.upper).sum(axis=1) * cost)[always].sum())
        relaxation = self._relaxation(elastic=True, tolerant=caps.get(_INHERITED) != 0)
        none = np.zeros(len(problem.tiers), dtype=np.int64)
        shrink = np.repeat(self._tiers("shrink_cost")[relaxation.tier][:, None], len(problem.resources), axis=1)
        run = np.zeros(len(relaxation.tier), dtype=np.int64)
        if not relaxation.is_exact or not shrink.any():
            return max(0, base)
        goal = Goal(none, none, run, shrink, self._limits(caps), self._moves)
        relaxed = relaxed_problem(relaxation, goal, self._backed(relaxation), self._problem.capacity.transient)
        return max(0, base + max(0, bound_at(relaxed, find_prices(relaxed))))

    def _least_penalty(self, caps: Caps) -> int:
        """Every guest that has to run pays at least for its cheapest host."""
        problem = self._problem
        away = np.where(self._rooted(), _DEAR, _nearest(problem))
        everybody, at = np.arange(problem.vm_count), np.maximum(problem.current, 0)
        here = np.where(problem.running, problem.penalties(everybody, at), _DEAR)
        least = np.minimum(away, here)
        return int(least[self._must_run(caps) & (least < _DEAR)].sum())

    def _forced_moves(self, caps: Caps) -> int:
        """Where no breach may be left, guests that break a rule where they are, and must run, have to move."""
        if caps.get(_INHERITED) != 0:
            return 0
        problem = self._problem
        broken = problem.running & (problem.allowed.breach[problem.allowed.class_of, problem.current] > 0)
        forced = broken & self._must_run(caps)
        factor = np.where(problem.disruption.live, 1, COLD_FACTOR)
        return int((problem.disruption.move_cost * factor)[forced].sum())


def _rank_caps(caps: Caps) -> dict[int, int]:
    """What may be lost per rank, the highest first."""
    return dict(sorted(((key.rank, most) for key, most in caps.items() if key.rank is not None), reverse=True))


def _nearest(problem: Problem) -> Ints:
    """What each guest [V] pays for its cheapest host of those where it may arrive; `_DEAR` where there is none."""
    allowed, attraction = problem.allowed, problem.attraction
    guest, host = attraction.guest, attraction.host
    kind = allowed.class_of[guest]
    least = np.where(allowed.mask, allowed.penalty, _DEAR).min(axis=1, initial=_DEAR)[allowed.class_of]
    listed = np.where(allowed.mask[kind, host], allowed.penalty[kind, host] - attraction.gain, _DEAR)
    np.minimum.at(least, guest, listed)
    return np.where(least < _DEAR, least + attraction.base, _DEAR)
