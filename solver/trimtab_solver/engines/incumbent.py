"""The best target so far."""

from __future__ import annotations

import threading
from collections.abc import Callable

from ..outcome import LevelValue
from ..problem import Problem, Target
from .engine import Best
from .ledger import Ledger

OnBetter = Callable[[str, tuple[LevelValue, ...]], None]
"""Hears of an improvement: the engine, value and bound per level. Called from threads of engines too."""


class Incumbent:
    """The best target that any engine has reported."""

    def __init__(self, problem: Problem, ledger: Ledger, on_better: OnBetter | None = None) -> None:
        self._problem, self._ledger, self._on_better = problem, ledger, on_better
        self._lock = threading.Lock()
        self.best: Best | None = None

    def offer(self, engine: str, target: Target) -> None:
        """Keeps a target that is better than the best so far, and tells the caller."""
        self._offer(Best(engine, target, self._problem.evaluate(target)))

    def take_back(self, best: Best | None) -> None:
        """Returns to a target that is known to be good, or to none; what is better has to be found anew."""
        with self._lock:
            self.best = best

    def conclude(self, before: Best | None, engine: str, target: Target) -> None:
        """As `offer`, for what an engine ends with that began at `before`.

        It replaces an equal one reported on the way: which of them came first may be chance.
        """
        found = Best(engine, target, self._problem.evaluate(target))
        self._offer(found)
        with self._lock:
            if self.best is not before and self.best is not None and self.best.values == found.values:
                self.best = found

    def _offer(self, found: Best) -> None:
        with self._lock:
            if self.best is not None and found.values >= self.best.values:
                return
            self.best = found
            if self._on_better is not None:
                self._on_better(found.engine, self._ledger.levels(found.values))
