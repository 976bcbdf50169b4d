"""The exact engine: proves what it finds, as far as its time goes."""

from __future__ import annotations

import numpy as np

from ..problem import NOWHERE
from .cpsat import Budget
from .engine import Effort, EngineResult, Task
from .exact_model import ExactModel, all_placement_variables

_UNITS_PER_S = 0.5
"""CP-SAT's deterministic time per level that stands for a second, where work is counted."""


class Exact:
    """The whole problem as one integer program, level by level."""

    name = "exact"

    def improve(self, task: Task) -> EngineResult:
        """Levels that are proven at the start are held, the others may only improve."""
        problem, start = task.problem, task.start
        variables = None
        if task.stuck is not None:
            variables = all_placement_variables(
                problem, np.where(task.stuck, start.target.place, NOWHERE).astype(np.int32)
            )
        model = ExactModel(problem, variables)
        model.hint(start.target)
        known = task.ledger.proven_levels(start.values)
        result = model.solve(
            _budget(task.effort),
            task.effort.stop,
            lambda target, _: task.report(target),
            start.values[:known],
            start.values,
        )
        return EngineResult(result.target, result.proofs)


def _budget(effort: Effort) -> Budget:
    units = effort.seconds * _UNITS_PER_S if effort.is_counted else None
    return Budget(effort.deadline, units, effort.seed, effort.workers)
