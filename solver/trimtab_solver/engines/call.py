"""One call of an engine: whatever it does costs no more than what it would have contributed."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from ..outcome import FaultKind
from ..problem import Target
from .clock import Deadline
from .engine import Engine, EngineResult, Task, held
from .faults import FaultLog
from .validity import why_impossible, why_untrue
from .waiting import HungError, result_of


class EngineCall:
    """Asks an engine, and lets through only what holds water; the rest is a fault.

    `is_hung` says afterwards whether the engine is still at it, and may hold any lock it was given.
    """

    def __init__(self, engine: Engine, task: Task, faults: FaultLog) -> None:
        self._engine, self._faults = engine, faults
        self._report = task.report
        self._task = replace(task, report=self._hear)
        self._heard_nonsense = False
        self.is_hung = False

    def run(self, deadline: Deadline, patience_s: float) -> EngineResult | None:
        """What the engine ends with; None if that is nothing, or a fault. Waits until the deadline and longer."""
        try:
            found = result_of(partial(self._engine.improve, self._task), deadline, patience_s)
            return None if found is None else self._checked(found)
        except HungError as error:
            self.is_hung = True
            self._faults.add(self._engine.name, FaultKind.HUNG, str(error))
        except Exception as error:  # a defect of one engine costs its own contribution only (decision 0014)
            self._faults.add_error(self._engine.name, error)
        return None

    def _checked(self, found: EngineResult) -> EngineResult | None:
        if found.target is None or found.target is self._task.start.target:
            return found
        if not self._is_possible(found.target):
            return None
        if (why := why_untrue(self._task, found)) is not None:
            self._faults.add(self._engine.name, FaultKind.FALSE_PROOF, why)
            return None
        return replace(found, target=held(found.target))

    def _hear(self, target: Target) -> None:
        """Passes on what an engine reports on the way, unless nobody waits for it any more."""
        if not self.is_hung and not self._heard_nonsense and self._is_possible(target):
            self._report(held(target))

    def _is_possible(self, target: Target) -> bool:
        why = why_impossible(self._task, target)
        if why is not None:
            # of what may be thousands of reports one says it all
            self._heard_nonsense = True
            self._faults.add(self._engine.name, FaultKind.NONSENSE, why)
        return why is None
