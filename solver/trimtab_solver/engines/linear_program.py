"""A linear program written as arrays into the protos that OR-tools' MathOpt reads, solved by GLOP.

The expression interface makes one Python object per term; programs of a hundred thousand terms would take longer to
write than to solve.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from ortools.math_opt import (
    callback_pb2,
    model_parameters_pb2,
    model_pb2,
    model_update_pb2,
    parameters_pb2,
    sparse_containers_pb2,
)
from ortools.math_opt.core.python import solver

from ..primitives.encoding import Ints

Floats = npt.NDArray[np.float64]
Numbers = Floats | Ints

_ITERATIONS = 200_000
"""More simplex iterations than any program here needs; a limit by count keeps results the same on every machine."""


@dataclass(frozen=True, slots=True)
class Solution:
    """An optimal solution: cost, variables, and prices of rows (what one unit more would add to the cost)."""

    cost: float
    values: Floats
    prices: Floats


class LinearProgram:
    """Minimise ``cost * x`` subject to ``low <= A x <= high`` and ``lower <= x <= upper``.

    One that `grows` may be given more variables, and other costs, after it was solved, and goes on from there.
    """

    def __init__(self, *, grows: bool = False) -> None:
        self._model = model_pb2.ModelProto()
        self._news = model_update_pb2.ModelUpdateProto()
        self._solver: solver.Solver | None = None
        self._grows = grows
        self._variables = 0
        self._rows = 0
        self._terms: list[tuple[Ints, Ints, Floats]] = []

    def add_variables(self, upper: Numbers, cost: Numbers, lower: Numbers | None = None) -> Ints:
        """New variables between `lower` (0 if not given) and `upper`; returns their numbers."""
        made = np.arange(self._variables, self._variables + len(upper), dtype=np.int64)
        self._variables += len(made)
        variables = self._model.variables if self._solver is None else self._news.new_variables
        variables.ids.extend(made)
        variables.lower_bounds.extend(np.zeros(len(made)) if lower is None else np.asarray(lower, dtype=np.float64))
        variables.upper_bounds.extend(np.asarray(upper, dtype=np.float64))
        variables.integers.extend(np.zeros(len(made), dtype=np.bool_))
        used = np.flatnonzero(cost)
        if self._solver is None:
            objective = self._model.objective.linear_coefficients
        else:
            objective = self._news.objective_updates.linear_coefficients
        objective.ids.extend(made[used])
        objective.values.extend(np.asarray(cost, dtype=np.float64)[used])
        return made

    def set_costs(self, variables: Ints, cost: Numbers) -> None:
        """Other costs for variables that were there at the last solution, or at the first; in ascending order."""
        objective = self._news.objective_updates.linear_coefficients
        # ids have to come in ascending order: those of new variables are higher
        later = list(zip(objective.ids, objective.values, strict=True))
        del objective.ids[:], objective.values[:]
        objective.ids.extend([*variables.tolist(), *(i for i, _ in later)])
        objective.values.extend([*np.asarray(cost, dtype=np.float64).tolist(), *(value for _, value in later)])

    def hold(self, variables: Ints, values: Numbers) -> None:
        """Variables, in ascending order, have these values from now on: once between two solutions."""
        updates = self._news.variable_updates
        for bounds in (updates.lower_bounds, updates.upper_bounds):
            bounds.ids.extend(variables)
            bounds.values.extend(np.asarray(values, dtype=np.float64))

    def add_rows(self, low: Numbers, high: Numbers) -> Ints:
        """New rows without terms; returns their numbers."""
        made = np.arange(self._rows, self._rows + len(low), dtype=np.int64)
        self._rows += len(made)
        constraints = self._model.linear_constraints
        constraints.ids.extend(made)
        constraints.lower_bounds.extend(np.asarray(low, dtype=np.float64))
        constraints.upper_bounds.extend(np.asarray(high, dtype=np.float64))
        return made

    def add_terms(self, rows: Ints, variables: Ints, coefficients: Numbers) -> None:
        """Terms, element by element; a pair of row and variable at most once."""
        values = np.asarray(coefficients, dtype=np.float64)
        used = values != 0
        self._terms.append((rows[used], variables[used], values[used]))

    def solve(self) -> Solution | None:
        """An optimal solution, None when none was found."""
        if self._solver is None:
            self._write(self._model.linear_constraint_matrix)
            self._solver = solver.new(
                parameters_pb2.SOLVER_TYPE_GLOP, self._model, parameters_pb2.SolverInitializerProto()
            )
        self._write(self._news.linear_constraint_matrix_updates)
        if not self._solver.update(self._news):
            raise AssertionError("GLOP takes new columns and costs")
        self._news = model_update_pb2.ModelUpdateProto()
        parameters = parameters_pb2.SolveParametersProto(threads=1, iteration_limit=_ITERATIONS)
        if self._grows:
            # only without it does the solver go on from the last basis
            parameters.presolve = parameters_pb2.EMPHASIS_OFF
            parameters.scaling = parameters_pb2.EMPHASIS_OFF
        result = self._solver.solve(
            parameters,
            model_parameters_pb2.ModelSolveParametersProto(),
            None,
            callback_pb2.CallbackRegistrationProto(),
            None,
            None,
        )
        if not result.solutions or not result.solutions[0].HasField("dual_solution"):
            return None
        solution = result.solutions[0]
        return Solution(
            solution.primal_solution.objective_value,
            _dense(solution.primal_solution.variable_values, self._variables),
            _dense(solution.dual_solution.dual_values, self._rows),
        )

    def _write(self, matrix: sparse_containers_pb2.SparseDoubleMatrixProto) -> None:
        """Writes the terms that are new, in the order that is asked for."""
        if not self._terms:
            return
        rows, variables, values = (np.concatenate(part) for part in zip(*self._terms, strict=True))
        self._terms = []
        order = np.lexsort((variables, rows))
        matrix.row_ids.extend(rows[order])
        matrix.column_ids.extend(variables[order])
        matrix.coefficients.extend(values[order])


def _dense(sparse: sparse_containers_pb2.SparseDoubleVectorProto, length: int) -> Floats:
    values = np.zeros(length)
    values[np.array(sparse.ids, dtype=np.int64)] = sparse.values
    return values
