"""A linear program written as arrays into the proto that OR-tools' MathOpt reads, solved by GLOP.

The expression interface makes one Python object per term; programs of a hundred thousand terms would take longer to
write than to solve.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from ortools.math_opt import (
    callback_pb2,
    model_parameters_pb2,
    model_pb2,
    parameters_pb2,
    sparse_containers_pb2,
)
from ortools.math_opt.core.python import solver

from ...primitives.encoding import Ints

Floats = npt.NDArray[np.float64]
Numbers = Floats | Ints

_ITERATIONS = 200_000
"""More simplex iterations than any program here needs; a limit by count keeps results the same on every machine."""


class LinearProgram:
    """Minimise ``cost * x`` subject to ``low <= A x <= high`` and ``lower <= x <= upper``."""

    def __init__(self) -> None:
        self._model = model_pb2.ModelProto()
        self._variables = 0
        self._rows = 0
        self._terms: list[tuple[Ints, Ints, Floats]] = []

    def add_variables(self, upper: Numbers, cost: Numbers, lower: Numbers | None = None) -> Ints:
        """New variables between `lower` (0 if not given) and `upper`; returns their numbers."""
        made = np.arange(self._variables, self._variables + len(upper), dtype=np.int64)
        self._variables += len(made)
        variables, objective = self._model.variables, self._model.objective.linear_coefficients
        variables.ids.extend(made)
        variables.lower_bounds.extend(np.zeros(len(made)) if lower is None else np.asarray(lower, dtype=np.float64))
        variables.upper_bounds.extend(np.asarray(upper, dtype=np.float64))
        variables.integers.extend(np.zeros(len(made), dtype=np.bool_))
        used = np.flatnonzero(cost)
        objective.ids.extend(made[used])
        objective.values.extend(np.asarray(cost, dtype=np.float64)[used])
        return made

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

    def solve(self) -> tuple[Floats, Floats] | None:
        """Variables and prices of rows in an optimal solution, None when none was found.

        The price of a row is what one unit more would add to the cost.
        """
        rows, variables, values = (np.concatenate(part) for part in zip(*self._terms, strict=True))
        order = np.lexsort((variables, rows))
        matrix = self._model.linear_constraint_matrix
        matrix.row_ids.extend(rows[order])
        matrix.column_ids.extend(variables[order])
        matrix.coefficients.extend(values[order])
        result = solver.solve(
            self._model,
            parameters_pb2.SOLVER_TYPE_GLOP,
            parameters_pb2.SolverInitializerProto(),
            parameters_pb2.SolveParametersProto(threads=1, iteration_limit=_ITERATIONS),
            model_parameters_pb2.ModelSolveParametersProto(),
            None,
            callback_pb2.CallbackRegistrationProto(),
            None,
            None,
        )
        if not result.solutions or not result.solutions[0].HasField("dual_solution"):
            return None
        solution = result.solutions[0]
        return (
            _dense(solution.primal_solution.variable_values, self._variables),
            _dense(solution.dual_solution.dual_values, self._rows),
        )


def _dense(sparse: sparse_containers_pb2.SparseDoubleVectorProto, length: int) -> Floats:
    values = np.zeros(length)
    values[np.array(sparse.ids, dtype=np.int64)] = sparse.values
    return values
