"""Whole numbers: one column for each host, near to the optimal solution of the master.

A diving heuristic on the restricted master, then the restricted master itself as an integer program (C. Joncour,
S. Michel, R. Sadykov, D. Sverdlov and F. Vanderbeck, "Column generation based primal heuristics", Electronic Notes in
Discrete Mathematics 36, 2010: diving, and the restricted master).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from ortools.sat.python import cp_model

from ...primitives.encoding import Bools, Ints
from ..cpsat import has_solution
from ..linear_program import LinearProgram
from ..relaxation.lagrangian import Floats
from .columns import Columns
from .generation import DantzigWolfeBound
from .master import coefficients_of

_CERTAIN = 0.999
"""Hosts that hold one column to this share have it."""
_LACKING = 4
"""What it costs to do without something that there has to be, in the largest losses of a guest."""
_PLENTY = 2**20
_EXACT = 1e-6
"""So near to a whole number sums of them are."""


@dataclass(frozen=True, slots=True)
class _Program:
    """Which columns the open hosts hold, in whole numbers.

    Minimise ``cost * x`` subject to ``low <= A x <= high`` and ``0 <= x <= upper``.

    The first variables are columns, those numbered `column` [C] among all, of the host at `place` [C] in `hosts`;
    then guests that wait [K], guests of each class that are stopped [S], and what is lacking, of kinds and moves. Terms
    are `row`, `variable` and `coefficient`.
    """

    column: Ints
    hosts: Ints
    place: Ints
    cost: Floats
    upper: Floats
    low: Floats
    high: Floats
    row: Ints
    variable: Ints
    coefficient: Floats
    stops: slice


def round_master(bound: DantzigWolfeBound, units: float, most_s: float, seed: int) -> tuple[Columns, Ints] | None:
    """A column for every host, and how many of each of `master.LeaverClasses` are stopped.

    None while the master has no solution. Takes `units` of CP-SAT's deterministic time and `most_s` seconds at
    the most.
    """
    if bound.solution is None:
        return None
    columns, weights = bound.master.columns, bound.solution.weights
    weights = np.concatenate([weights, np.zeros(len(columns.host) - len(weights))])
    order = np.lexsort((np.arange(len(weights)), -weights, columns.host))
    best = order[np.searchsorted(columns.host[order], np.arange(len(bound.pricing.relaxed.relaxation.room)))]
    certain = weights[best] >= _CERTAIN
    chosen = np.zeros(len(weights), dtype=np.bool_)
    chosen[best[certain]] = True
    program = _open(bound, columns, chosen, certain)
    values = _dive(program)
    if values is None:
        return None
    values = _improve(program, values, units, most_s, seed)
    chosen[program.column[values[: len(program.column)] == 1]] = True
    return columns.only(chosen), values[program.stops]


def _open(bound: DantzigWolfeBound, columns: Columns, chosen: Bools, certain: Bools) -> _Program:
    """What is left to choose when some hosts are `certain` and have their columns `chosen`."""
    pricing, master = bound.pricing, bound.master
    rows, own = coefficients_of(pricing, master.classes, columns), master.classes.rows
    kinds, classes = len(pricing.relaxed.relaxation.tier), len(master.classes.kind)
    column = np.flatnonzero(~certain[columns.host])
    hosts = np.flatnonzero(~certain)
    place = np.searchsorted(hosts, columns.host[column])
    number = np.full(len(columns.host), -1)
    number[column] = np.arange(len(column))
    least = np.concatenate([master.least, np.zeros(classes)])
    have = np.bincount(rows.row, weights=rows.coefficient * chosen[rows.column], minlength=len(least))
    open_ = number[rows.column] >= 0
    waits = len(column) + np.arange(kinds)
    stops = waits[-1] + 1 + np.arange(classes)
    lacking = len(column) + kinds + classes + np.arange(kinds + 1)
    row = [rows.row[open_], np.arange(kinds), own.row, np.arange(kinds + 1), len(least) + place]
    variable = [number[rows.column[open_]], waits, stops[own.column], lacking, np.arange(len(column))]
    coefficient = [rows.coefficient[open_], np.ones(kinds), own.coefficient, np.ones(kinds + 1), np.ones(len(column))]
    for i in range(len(pricing.relaxed.limits)):
        row.append(np.full(kinds, kinds + 1 + i))
        variable.append(waits)
        coefficient.append(-pricing.losses[i + 1].astype(np.float64))
    loss = pricing.losses[0].astype(np.float64)
    dear = np.full(kinds + 1, _LACKING * loss.max(initial=1.0))
    return _Program(
        column=column,
        hosts=hosts,
        place=place,
        cost=np.concatenate([rows.cost[column], loss, own.cost, dear]),
        upper=np.concatenate([np.ones(len(column)), master.waits, np.full(classes + kinds + 1, float(_PLENTY))]),
        low=np.concatenate([least - have, np.ones(len(hosts))]),
        high=np.concatenate([np.full(len(least), np.inf), np.ones(len(hosts))]),
        row=np.concatenate(row),
        variable=np.concatenate(variable),
        coefficient=np.concatenate(coefficient),
        stops=slice(len(column) + kinds, len(column) + kinds + classes),
    )


def _dive(program: _Program) -> Ints | None:
    """Whole numbers by fixing the surest column, and solving the linear program for the others again."""
    linear = LinearProgram(grows=True)
    variables = linear.add_variables(program.upper, program.cost)
    rows = linear.add_rows(program.low, program.high)
    linear.add_terms(rows[program.row], variables[program.variable], program.coefficient)
    count, left = len(program.column), np.ones(len(program.hosts), dtype=np.bool_)
    while True:
        solution = linear.solve()
        if solution is None:
            return None
        if not left.any():
            # what follows from the columns are numbers of guests: whole ones, where all sizes of shortage are
            return np.ceil(solution.values - 1e-6).astype(np.int64)
        taken = int(np.argmax(np.where(left[program.place], solution.values[:count], -1.0)))
        others = np.flatnonzero(program.place == program.place[taken])
        linear.hold(others, others == taken)
        left[program.place[taken]] = False


def _improve(program: _Program, values: Ints, units: float, most_s: float, seed: int) -> Ints:
    """Better whole numbers from the restricted master, as far as CP-SAT finds some in its time."""
    model = cp_model.CpModel()
    variables = [model.new_int_var(0, most, "") for most in _whole(program.upper).tolist()]
    bounded, coefficients = np.isfinite(program.low), _whole(program.coefficient)
    low = np.zeros(len(bounded), dtype=np.int64)
    low[bounded] = _whole(program.low[bounded])
    order = np.lexsort((program.variable, program.row))
    start = np.searchsorted(program.row[order], np.arange(len(program.low) + 1))
    for r in np.flatnonzero(bounded & (np.diff(start) > 0)).tolist():
        terms = order[start[r] : start[r + 1]]
        total = cp_model.LinearExpr.weighted_sum(
            [variables[c] for c in program.variable[terms].tolist()],
            coefficients[terms].tolist(),
        )
        if np.isfinite(program.high[r]):
            model.add(total == int(low[r]))
        else:
            model.add(total >= int(low[r]))
    model.minimize(cp_model.LinearExpr.weighted_sum(variables, _whole(program.cost).tolist()))
    for variable, value in zip(variables, values.tolist(), strict=True):
        model.add_hint(variable, value)
    solver = cp_model.CpSolver()
    solver.parameters.max_deterministic_time = units
    if math.isfinite(most_s):
        solver.parameters.max_time_in_seconds = most_s
    solver.parameters.num_workers = 1
    solver.parameters.catch_sigint_signal = False
    solver.parameters.random_seed = seed
    solver.parameters.linearization_level = 2
    if not has_solution(solver.solve(model), model):
        return values
    return np.array([solver.value(variable) for variable in variables], dtype=np.int64)


def _whole(amounts: Floats) -> Ints:
    """Amounts that are whole numbers, as such."""
    whole = np.rint(amounts)
    if not (np.abs(amounts - whole) <= _EXACT).all():
        raise AssertionError(f"not whole: {amounts[np.argmax(np.abs(amounts - whole))]}")
    return whole.astype(np.int64)
