"""Lower bounds per level, for the values reached at the levels above.

What is a bound on which measure, and why, is in `arguments`; `Bounds.tighten` adds that hosts hold whole guests
(`columns.generation`). None is ever above what some target reaches.
"""

from __future__ import annotations

from collections.abc import Callable

from ...measures import Key
from ...problem import Problem
from ..columns.generation import DantzigWolfeBound
from ..relaxation.dual import find_prices
from ..relaxation.lagrangian import Floats
from ..relaxation.relaxed_problem import RelaxedProblem
from .arguments import arguments_for
from .caps import Caps, caps_of
from .relaxations import Relaxations


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
        self._unfinished: set[tuple[int, tuple[int, ...] | None]] = set()
        """What was enough for whoever asked, though not all arguments were looked at."""
        self._relaxations = Relaxations(problem)
        self._dantzig_wolfe_bounds: dict[tuple[int, tuple[int, ...]], DantzigWolfeBound] = {}

    def given(self, values: tuple[int, ...] | None = None) -> tuple[int, ...]:
        """The bound of every level for these values of the levels above it."""
        if values is None:
            return tuple(self._level(i, None) for i in range(len(self._problem.levels)))
        return tuple(self.level(i, values) for i in range(len(values)))

    def level(self, i: int, values: tuple[int, ...]) -> int:
        """The bound of level number `i` for these values of the levels above it."""
        # what is at zero cannot be better
        return self._level(i, values[:i], values[i]) if values[i] > 0 else 0

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
            relaxed = self.loss_problem(rank, caps_of(self._problem.levels, values[:i]))
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
        return rank, self.loss_problem(rank, caps_of(self._problem.levels, values[:i]))

    def loss_problem(self, rank: int, caps: Caps) -> RelaxedProblem:
        """The relaxation with the loss at a rank as its goal."""
        return self._relaxations.loss_problem(rank, caps)

    def _open_loss(self, values: tuple[int, ...]) -> tuple[int, int, int] | None:
        """The first level that is not proven, the rank whose loss it is, and its weight; None if it is no such."""
        for i, (value, bound) in enumerate(zip(values, self.given(values), strict=True)):
            if value > bound:
                (key, weight), *others = self._problem.levels[i].parts
                if others or key.rank is None or self._problem.host_count == 0:
                    return None
                return i, key.rank, weight
        return None

    def _level(self, i: int, above: tuple[int, ...] | None, enough: int | None = None) -> int:
        """The bound of a level; arguments that are left once it is `enough` are not looked at."""
        key = i, above
        known = self._found.get(key)
        if known is None or (key in self._unfinished and (enough is None or known < enough)):
            caps = {} if above is None else caps_of(self._problem.levels, above)
            parts = [(weight, *self._least(part, caps, enough)) for part, weight in self._problem.levels[i].parts]
            self._found[key] = max(known or 0, sum(weight * bound for weight, bound, _ in parts))
            (self._unfinished.discard if all(whole for _, _, whole in parts) else self._unfinished.add)(key)
        return self._found[key]

    def _least(self, key: Key, caps: Caps, enough: int | None) -> tuple[int, bool]:
        """The bound of one measure, and whether all arguments for it were looked at: not if it is enough before."""
        if self._problem.vm_count == 0 or self._problem.host_count == 0:
            return self._without_hosts(key), True
        bound, arguments = 0, arguments_for(key)
        for number, argument in enumerate(arguments, 1):
            bound = max(bound, argument(self._relaxations, caps))
            if enough is not None and bound >= enough:
                return bound, number == len(arguments)
        return bound, True

    def _without_hosts(self, key: Key) -> int:
        """Nobody runs where there are no hosts."""
        problem = self._problem
        if key.rank is None:
            return 0
        return int(problem.tier_values("value")[problem.tier_values("rank") == key.rank].sum())
