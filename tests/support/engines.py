"""Engines for tests of what runs them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from trimtab_solver.engines.engine import EngineResult, Task
from trimtab_solver.problem import Problem, Target

Answering = Callable[[Task], EngineResult | None]


def finds_nothing(task: Task) -> None:
    """The answer of an engine that has nothing to say."""


@dataclass
class FakeEngine:
    """An engine by hand: `answers` is what it does with a task; the tasks it got are in `tasks`."""

    name: str
    answers: Answering = finds_nothing
    tasks: list[Task] = field(default_factory=list)

    def improve(self, task: Task) -> EngineResult | None:
        """As `answers` says."""
        self.tasks.append(task)
        return self.answers(task)


def finds(target: Target) -> Answering:
    """The answer of an engine that ends with a target, whatever it began with."""
    return lambda _: EngineResult(target)


def at(problem: Problem, *places: int) -> Target:
    """The target with every guest at its place, as large as it may be."""
    target = problem.stay()
    target.place[:] = places
    return Target(target.place, problem.upper)
