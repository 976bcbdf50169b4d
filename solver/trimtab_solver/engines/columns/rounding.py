"""Whole numbers: one content for each host, near to the best mixture of all that were found."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from ortools.sat.python import cp_model

from ...primitives.encoding import Bools, Ints
from ..linear_program import LinearProgram
from .generation import HostBound
from .master import as_rows
from .pricing import Contents, Floats

_CERTAIN = 0.999
"""Hosts that hold one content to this part have it."""
_LACKING = 4
"""What it costs to do without something that there has to be, in the largest losses of a guest."""
_PLENTY = 2**20


@dataclass(frozen=True, slots=True)
class _Program:
    """Which contents the open hosts hold, in whole numbers.

    Minimise ``cost * x`` subject to ``low <= A x <= high`` and ``0 <= x <= upper``.

    The first variables are contents, those numbered `content` [C] among all, of the host at `place` [C] in `hosts`;
    then guests that wait [K], guests of each sort that are stopped [S], and what is lacking, of kinds and moves.
    """

    content: Ints
    hosts: Ints
    place: Ints
    cost: Floats
    upper: Floats
    low: Floats
    high: Floats
    row: Ints
    column: Ints
    coefficient: Floats
    stops: slice


def choose(found: HostBound, units: float, most_s: float, seed: int) -> tuple[Contents, Ints] | None:
    """A content for every host of a market, and how many of each sort of `master.Sorts` are stopped.

    None while there is no mixture to begin with. Takes `units` of CP-SAT's deterministic time and `most_s` seconds at
    the most.
    """
    if found.mixture is None:
        return None
    contents, weights = found.master.contents, found.mixture.weights
    weights = np.concatenate([weights, np.zeros(len(contents.host) - len(weights))])
    order = np.lexsort((np.arange(len(weights)), -weights, contents.host))
    best = order[np.searchsorted(contents.host[order], np.arange(len(found.valuer.market.relaxation.room)))]
    certain = weights[best] >= _CERTAIN
    chosen = np.zeros(len(weights), dtype=np.bool_)
    chosen[best[certain]] = True
    program = _open(found, contents, chosen, certain)
    values = _dive(program)
    if values is None:
        return None
    values = _improve(program, values, units, most_s, seed)
    chosen[program.content[values[: len(program.content)] == 1]] = True
    return contents.only(chosen), values[program.stops]


def _open(found: HostBound, contents: Contents, chosen: Bools, certain: Bools) -> _Program:
    """What is left to choose when some hosts are `certain` and have their contents `chosen`."""
    valuer, master = found.valuer, found.master
    rows, own = as_rows(valuer, master.sorts, contents), master.sorts.rows
    kinds, sorts = len(valuer.market.relaxation.tier), len(master.sorts.kind)
    content = np.flatnonzero(~certain[contents.host])
    hosts = np.flatnonzero(~certain)
    place = np.searchsorted(hosts, contents.host[content])
    number = np.full(len(contents.host), -1)
    number[content] = np.arange(len(content))
    least = np.concatenate([master.least, np.zeros(sorts)])
    have = np.bincount(rows.row, weights=rows.coefficient * chosen[rows.column], minlength=len(least))
    open_ = number[rows.column] >= 0
    waits = len(content) + np.arange(kinds)
    stops = waits[-1] + 1 + np.arange(sorts)
    lacking = len(content) + kinds + sorts + np.arange(kinds + 1)
    row = [rows.row[open_], np.arange(kinds), own.row, np.arange(kinds + 1), len(least) + place]
    column = [number[rows.column[open_]], waits, stops[own.column], lacking, np.arange(len(content))]
    coefficient = [rows.coefficient[open_], np.ones(kinds), own.coefficient, np.ones(kinds + 1), np.ones(len(content))]
    for i in range(len(valuer.market.limits)):
        row.append(np.full(kinds, kinds + 1 + i))
        column.append(waits)
        coefficient.append(-valuer.losses[i + 1].astype(np.float64))
    loss = valuer.losses[0].astype(np.float64)
    dear = np.full(kinds + 1, _LACKING * loss.max(initial=1.0))
    return _Program(
        content=content,
        hosts=hosts,
        place=place,
        cost=np.concatenate([rows.cost[content], loss, own.cost, dear]),
        upper=np.concatenate([np.ones(len(content)), master.waits, np.full(sorts + kinds + 1, float(_PLENTY))]),
        low=np.concatenate([least - have, np.ones(len(hosts))]),
        high=np.concatenate([np.full(len(least), np.inf), np.ones(len(hosts))]),
        row=np.concatenate(row),
        column=np.concatenate(column),
        coefficient=np.concatenate(coefficient),
        stops=slice(len(content) + kinds, len(content) + kinds + sorts),
    )


def _dive(program: _Program) -> Ints | None:
    """Whole numbers by taking the surest content, and asking for the best mixture of the others again."""
    linear = LinearProgram(grows=True)
    variables = linear.add_variables(program.upper, program.cost)
    rows = linear.add_rows(program.low, program.high)
    linear.add_terms(rows[program.row], variables[program.column], program.coefficient)
    count, left = len(program.content), np.ones(len(program.hosts), dtype=np.bool_)
    while True:
        solution = linear.solve()
        if solution is None:
            return None
        if not left.any():
            # what follows from the contents are numbers of guests: whole ones, where all sizes of shortage are
            return np.ceil(solution.values - 1e-6).astype(np.int64)
        taken = int(np.argmax(np.where(left[program.place], solution.values[:count], -1.0)))
        others = np.flatnonzero(program.place == program.place[taken])
        linear.hold(others, others == taken)
        left[program.place[taken]] = False


def _improve(program: _Program, values: Ints, units: float, most_s: float, seed: int) -> Ints:
    """Better whole numbers, as far as CP-SAT finds some in its time."""
    model = cp_model.CpModel()
    variables = [model.new_int_var(0, int(most), "") for most in program.upper]
    order = np.lexsort((program.column, program.row))
    start = np.searchsorted(program.row[order], np.arange(len(program.low) + 1))
    for r in np.flatnonzero(np.isfinite(program.low) & (np.diff(start) > 0)).tolist():
        terms = order[start[r] : start[r + 1]]
        total = cp_model.LinearExpr.weighted_sum(
            [variables[c] for c in program.column[terms].tolist()], program.coefficient[terms].astype(np.int64).tolist()
        )
        if np.isfinite(program.high[r]):
            model.add(total == int(program.low[r]))
        else:
            model.add(total >= int(program.low[r]))
    model.minimize(cp_model.LinearExpr.weighted_sum(variables, program.cost.astype(np.int64).tolist()))
    for variable, value in zip(variables, values.tolist(), strict=True):
        model.add_hint(variable, value)
    solver = cp_model.CpSolver()
    solver.parameters.max_deterministic_time = units
    if math.isfinite(most_s):
        solver.parameters.max_time_in_seconds = most_s
    solver.parameters.num_workers = 1
    solver.parameters.random_seed = seed
    solver.parameters.linearization_level = 2
    status = solver.solve(model)
    if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        return values
    return np.array([solver.value(variable) for variable in variables], dtype=np.int64)
