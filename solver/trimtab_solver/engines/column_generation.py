"""The engine that chooses one column for each host: all it holds, at prices that say what is scarce."""

from __future__ import annotations

from .columns.price_and_branch import PriceAndBranchOptions, price_and_branch
from .engine import Effort, EngineResult, Task

_PRICES_PER_S = 10
"""Prices per second of budget and worker that are looked at where work is counted."""


class ColumnGeneration:
    """Price-and-branch on the loss of the first rank that is not proven."""

    name = "column-generation"

    def improve(self, task: Task) -> EngineResult | None:
        """None where no such loss is open, or time was too short."""
        with task.ledger.bounds() as bounds:
            scarcity = bounds.scarcity(task.start.values)
        if scarcity is None:
            return None
        found = price_and_branch(task.problem, scarcity[1], _options(task.effort), task.effort.stop)
        if found is None:
            return None
        # later levels do not count here
        is_better = task.problem.evaluate(found.target) < task.start.values
        return EngineResult(found.target if is_better else None, prices=found.prices)


def _options(effort: Effort) -> PriceAndBranchOptions:
    if effort.is_counted:
        return PriceAndBranchOptions(effort.deadline, int(effort.seconds * _PRICES_PER_S), effort.seed, effort.workers)
    return PriceAndBranchOptions(effort.deadline, None, effort.seed, effort.workers)
