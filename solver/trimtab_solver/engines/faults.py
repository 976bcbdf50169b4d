"""What engines did wrong: kept for the answer, and logged."""

from __future__ import annotations

import logging
import traceback
from pathlib import Path

from ..errors import UnverifiedPlanError
from ..outcome import EngineFault, FaultKind

_LOG = logging.getLogger("trimtab_solver.engines")
# a library is silent where nobody has asked for its log
_LOG.addHandler(logging.NullHandler())


class FaultLog:
    """The faults of the engines in one request, in order."""

    def __init__(self) -> None:
        self.faults: list[EngineFault] = []
        self._is_out_of_memory = False

    def add(self, engine: str, what: FaultKind, message: str) -> None:
        """Keeps a fault and logs it."""
        self._keep(EngineFault(engine, what, message), None)

    def add_error(self, engine: str, error: Exception) -> None:
        """Keeps an exception and the place where it was raised, and logs it with its trace."""
        self._is_out_of_memory |= isinstance(error, MemoryError)
        last = traceback.extract_tb(error.__traceback__)[-1]
        place = f"{Path(last.filename).name}:{last.lineno} in {last.name}"
        self._keep(EngineFault(engine, FaultKind.RAISED, f"{type(error).__name__}: {error} ({place})"), error)

    def unverified(self) -> Exception:
        """What to raise when none of the engines has led to a plan."""
        if self._is_out_of_memory:
            return MemoryError("no plan could be made in the memory there is")
        return UnverifiedPlanError("; ".join(fault.note for fault in self.faults))

    def _keep(self, fault: EngineFault, error: Exception | None) -> None:
        self.faults.append(fault)
        extra = {"engine": fault.engine, "fault": fault.what.value}
        _LOG.error("engine %s: %s: %s", fault.engine, fault.what, fault.message, exc_info=error, extra=extra)
