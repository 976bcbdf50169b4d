"""What a worker of a Ray cluster does. Knows Ray only as what it is called by."""

from __future__ import annotations

import faulthandler
import importlib
from dataclasses import dataclass
from typing import Any, Final

from ...errors import RefusedError
from ...scenarios.scenario import Scenario
from ..assessing import Assessor
from ..verdicts import ScenarioVerdict
from .runner import Assignment

MOST_OF_ONE: Final = 400
"""A worker makes room for a fresh one after so many scenarios: what it has come to hold is given back."""
_PATIENCE: Final = 60.0
"""Times its budget, how long a scenario may take by the clock, and no less than as many seconds: then it hangs."""


_STDERR: Final = 2


@dataclass(frozen=True, slots=True)
class Cluster:
    """Where the assignment lies: a reference, so that a worker that has prepared it need not read it again."""

    reference: Any


class _Prepared:
    """What this process has prepared last, and for which reference."""

    reference: Any = None
    assessor: Assessor | None = None
    longest_s = 0.0


def assess(cluster: Cluster, scenario: Scenario) -> ScenarioVerdict | RefusedError:
    """The verdict on a scenario; as a value, why the cluster cannot be planned for."""
    try:
        assessor = _assessor(cluster.reference)
    except RefusedError as refusal:
        return refusal
    # native code that hangs cannot be interrupted: the process ends, and Ray tries another one
    faulthandler.dump_traceback_later(_Prepared.longest_s, exit=True, file=_STDERR)
    try:
        return assessor.assess(scenario)
    finally:
        faulthandler.cancel_dump_traceback_later()


def _assessor(reference: Any) -> Assessor:
    if _Prepared.assessor is None or reference != _Prepared.reference:
        assignment: Assignment = importlib.import_module("ray").get(reference)
        _Prepared.assessor = assignment.assessor()
        _Prepared.reference = reference
        _Prepared.longest_s = _PATIENCE * max(1.0, assignment.options.budget_s)
    return _Prepared.assessor
