"""What is done to every target before it becomes a plan: no move for nothing, and even loads where all else is equal.

An engine whose time is up leaves its last steps half done: the exact engine, say, has just gained at one level with
whatever moves the solver happened to choose. Two passes mend that: `finish` takes a moment and is for every target;
`descend` looks further, for small clusters, once there is a plan that nobody has to wait for.
"""

from __future__ import annotations

from functools import cached_property

import numpy as np

from ..problem import Problem, Target
from ..sizing import fit_sizes
from .exact_model import variable_count
from .search.anneal import anneal
from .search.calibration import no_heat
from .search.finish import send_home, spread_arrivals
from .search.moves import try_shift
from .search.rows import State, Tables
from .search.state import new_state, relocate
from .search.tables import StrictTables
from .strategy import EXACT_FIRST

_STEPS_PER_GUEST = 200
"""Changes that are tried on small clusters; on larger ones the search ends with a descent of its own."""


class Finishing:
    """Finishes targets of one problem."""

    def __init__(self, problem: Problem, strict: StrictTables) -> None:
        self._problem, self._strict = problem, strict

    @cached_property
    def _is_small(self) -> bool:
        return variable_count(self._problem) <= EXACT_FIRST

    def finish(self, target: Target) -> Target:
        """The target without moves that bring nothing, with arrivals spread; no worse at any level."""
        tables, state = self._strict.tables, self._state(target)
        send_home(tables, state)
        spread_arrivals(tables, state)
        self._take_smaller_spares(tables, state)
        return self._better(state, target, or_as_good=True)

    def descend(self, target: Target) -> Target | None:
        """What many small changes lead to that each cost nothing, finished; None where they gain nothing either.

        For small clusters alone.
        """
        if not self._is_small:
            return None
        tables, state = self._strict.tables, self._state(target)
        steps = _STEPS_PER_GUEST * self._problem.vm_count
        anneal(tables, state, target.place.astype(np.int64), np.zeros(1), no_heat(tables).mix, steps, 0.0)
        found = self._better(state, target, or_as_good=False)
        return None if found is target else self.finish(found)

    def _state(self, target: Target) -> State:
        state = new_state(self._problem, self._strict.tables, target.place, seed=0)
        # only differences count, and small ones must not drown in a large sum
        state.totals["energy"] = 0.0
        return state

    def _better(self, state: State, target: Target, *, or_as_good: bool) -> Target:
        """The placement of the state if it is better than the target, or perhaps as good; else the target."""
        problem, place = self._problem, state.guest["place"].astype(np.int32)
        if (place == target.place).all():
            return target
        found = Target(place, fit_sizes(problem, place))
        values, before = problem.evaluate(found), problem.evaluate(target)
        return found if values < before or (or_as_good and values == before) else target

    def _take_smaller_spares(self, tables: Tables, state: State) -> None:
        """Of cold spares that serve as well the smallest is booted."""
        problem = self._problem
        spares = np.flatnonzero(problem.disruption.spare)
        limit = problem.capacity.limit[spares]
        bulk = (limit / np.maximum(limit.max(axis=0, initial=0), 1)).sum(axis=1)
        ascending = spares[np.argsort(bulk, kind="stable")].tolist()
        for place, used in reversed(list(enumerate(ascending))):
            if state.host["guests"][used]:
                unused = (spare for spare in ascending[:place] if not state.host["guests"][spare])
                any(_exchange_spare(tables, state, used, spare) for spare in unused)


def _exchange_spare(tables: Tables, state: State, used: int, spare: int) -> bool:
    """Takes all guests of one host to another if that costs nothing; whether it did."""
    guests, before, arrived = (
        np.flatnonzero(state.guest["place"] == used).tolist(),
        float(state.totals["energy"][0]),
        [],
    )
    for v in guests:
        if not try_shift(tables, state, v, spare):
            break
        arrived.append(v)
    if len(arrived) == len(guests) and float(state.totals["energy"][0]) <= before:
        return True
    for v in reversed(arrived):
        relocate(tables, state, v, used)
    return False
