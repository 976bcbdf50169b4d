"""What an engine is: one way to a better target, given an incumbent and a budget of work."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from ..primitives.encoding import Bools, Index
from ..problem import Problem, Target
from .clock import Deadline
from .ledger import Ledger, Values
from .proof import LevelProof
from .relaxation.lagrangian import Floats
from .search.tables import StrictTables

NOBODY = "none"
"""In place of an engine, for everything as it is."""
REFINED = "refined"
"""For what any engine makes of a state that a plan has reached."""


@dataclass(frozen=True, slots=True)
class Effort:
    """How much work an engine may do: wall time until `deadline`, and never after `stop` is set.

    Where the clock does not count, it does a fixed amount of work instead that stands for `seconds`.
    """

    seconds: float
    deadline: Deadline
    seed: int
    workers: int
    stop: threading.Event

    @property
    def is_counted(self) -> bool:
        """Whether work is counted instead of time, so that the same plan comes out on any machine."""
        return self.deadline.is_never

    @property
    def span_s(self) -> float:
        """Seconds to work: those left, or those that the counted work stands for."""
        return self.seconds if self.is_counted else max(0.0, self.deadline.left_s)


@dataclass(frozen=True, slots=True)
class Best:
    """A target, its values, and the engine that found it."""

    engine: str
    target: Target
    values: Values


def held(target: Target) -> Target:
    """A copy that nobody can write to."""
    place, size = target.place.copy(), target.size.copy()
    place.setflags(write=False)
    size.setflags(write=False)
    return Target(place, size)


@dataclass(frozen=True, slots=True)
class Task:
    """One call of an engine.

    `start` is what the problem permits; `report` may be told, from any thread, of better targets on the way. `earlier`
    [V] is where an earlier plan left the guests. `stuck` guests [V] that run in `start` run nowhere else, though they
    may go down, or back to where they run now. `strict` has tables for whoever descends.
    """

    problem: Problem
    start: Best
    ledger: Ledger
    effort: Effort
    report: Callable[[Target], None]
    strict: StrictTables
    earlier: Index | None = None
    stuck: Bools | None = None


@dataclass(frozen=True, slots=True)
class EngineResult:
    """What an engine ends with: a target that is worth trying, even where a better one is known, and what it proves.

    `proofs` are of the levels in order, each given the values at the levels above; a value in them is a claim about
    `target`. `prices` [P] of kinds, moves and limits are likely to prove much of the first open level; nothing about
    them is believed.
    """

    target: Target | None = None
    proofs: tuple[LevelProof, ...] = ()
    prices: tuple[Floats, ...] = ()


class Engine(Protocol):
    """One way to better targets. Keeps nothing between calls: one object serves all requests."""

    @property
    def name(self) -> str:
        """What users know it by."""
        ...

    def improve(self, task: Task) -> EngineResult | None:
        """The best it can do within the effort; None when it has nothing to say about such a task."""
        ...
