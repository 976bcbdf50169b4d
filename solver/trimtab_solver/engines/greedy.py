"""Greedy repair: always answers, in one pass; what better engines start from."""

from __future__ import annotations

import numpy as np

from ..primitives.encoding import Bools, Index, Ints
from ..problem import Problem, Target
from ..sizing import fit_sizes
from .engine import NOBODY, EngineResult, Task
from .search.construct import adopt, bring_up
from .search.rows import Tables
from .search.state import new_state
from .search.tables import StrictTables, with_guests

_MOST_PAIRS = 20_000_000
"""How many pairs of a guest that breaks a rule and a host are looked at; the restart of others does not wait longer."""


class Greedy:
    """Restarts what it can, in order of rank."""

    name = "greedy"

    def improve(self, task: Task) -> EngineResult | None:
        """The same whatever is known already; None if that is as good."""
        return _better(task, repair(task.problem, tables=task.strict.tables))


class Earlier:
    """What an earlier plan led to, mended."""

    name = "earlier"

    def improve(self, task: Task) -> EngineResult | None:
        """None without such a plan."""
        return None if task.earlier is None else _better(task, repair(task.problem, task.earlier, task.strict.tables))


def _better(task: Task, target: Target) -> EngineResult | None:
    """The target, unless another engine has one that is as good."""
    is_first = task.start.engine == NOBODY
    return EngineResult(target) if is_first or task.problem.evaluate(target) < task.start.values else None


def repair(problem: Problem, preferred: Index | None = None, tables: Tables | None = None) -> Target:
    """A target that restarts what it can, in order of rank, and keeps rules better than before.

    With `preferred` [V] (-1: down) guests first go where it has them, as far as that is permitted. `tables` are those
    under strict weights, where they are at hand.
    """
    tables = StrictTables(problem).tables if tables is None else tables
    state = new_state(problem, tables, problem.current, seed=0)
    if preferred is not None:
        adopt(tables, state, preferred.astype(np.int64))
    place = state.guest["place"].astype(np.int32)
    # all, not those that are down now: who makes way for others comes later in the order
    everybody = np.ones(problem.vm_count, dtype=np.bool_)
    bring_up(problem, tables, state, everybody, _offenders(problem, place))
    reached = state.guest["place"].astype(np.int32)
    return Target(reached, fit_sizes(problem, reached))


def restart(problem: Problem, tables: Tables, before: Problem) -> Target:
    """A target in which only those move who break a must rule that they did not break `before`, and who makes way.

    Restarts what it can, in order of rank, as `repair` does: the least that answers what has happened since. Guests
    keep their indices; there may be more than before.
    """
    state = new_state(problem, tables, problem.current, seed=0)
    offenders = _must_offenders(problem, problem.current)
    offenders[: before.vm_count] &= ~_must_offenders(before, before.current)
    everybody = np.ones(problem.vm_count, dtype=np.bool_)
    bring_up(problem, tables, state, everybody, np.flatnonzero(offenders))
    place = state.guest["place"].astype(np.int32)
    return Target(place, fit_sizes(problem, place))


def mend(problem: Problem, reached: Target, stuck: Bools) -> Target:
    """From a state that was reached with moves left out: who was stranded by that takes room elsewhere, by rank.

    `stuck` guests [V] that run stay as they are.
    """
    tables = StrictTables(problem).tables
    tables = with_guests(tables, may_move=np.where(stuck & problem.running, 0, tables.guests["may_move"]))
    state = new_state(problem, tables, reached.place, seed=0)
    bring_up(problem, tables, state, np.ones(problem.vm_count, dtype=np.bool_), np.zeros(0, dtype=np.int64))
    place = state.guest["place"].astype(np.int32)
    return Target(place, fit_sizes(problem, place))


def _offenders(problem: Problem, place: Index) -> Ints:
    """Guests on a host where they, their group or the host break a rule; must rules first."""
    up = place >= 0
    must = _must_offenders(problem, place)
    should = up & (problem.penalties(np.arange(problem.vm_count), np.maximum(place, 0)) > 0)
    for g in np.flatnonzero(problem.group_amounts(place)).tolist():
        if not problem.groups[g].must:
            should[problem.groups[g].guests] = True
    found = [*np.flatnonzero(must).tolist(), *np.flatnonzero(should & ~must).tolist()]
    return np.array(found[: _MOST_PAIRS // max(1, problem.host_count)], dtype=np.int64)


def _must_offenders(problem: Problem, place: Index) -> Bools:
    """Guests [V] where they, their group or the host break a must rule."""
    at = np.maximum(place, 0)
    over = np.asarray((problem.capacity.start > problem.capacity.limit).any(axis=1))
    must = np.asarray((place >= 0) & ((problem.allowed.breach[problem.allowed.class_of, at] > 0) | over[at]))
    for g in np.flatnonzero(problem.group_amounts(place)).tolist():
        if problem.groups[g].must:
            must[problem.groups[g].guests] = True
    return must
