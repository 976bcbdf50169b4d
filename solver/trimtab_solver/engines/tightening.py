"""The engine that finds no targets, but proves that those known are better than they seemed."""

from __future__ import annotations

from .engine import Task

_ITERATIONS = 200
"""At the most, also where the clock does not count."""


class Tightening:
    """Raises the bound on the first loss that is open."""

    name = "bounds"

    def improve(self, task: Task) -> None:
        """What it proves is in the ledger."""
        effort = task.effort
        for _ in range(_ITERATIONS):
            if effort.deadline.is_over:
                return
            with task.ledger.bounds() as bounds:
                more = bounds.tighten(task.start.values, 1, lambda: effort.deadline.is_over)
            if not more or effort.stop.is_set():
                return
