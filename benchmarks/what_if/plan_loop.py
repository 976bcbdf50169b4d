"""What a loop does that knows no scenarios: a plan from the snapshot, as `trimtab plan` makes it, after each loss."""

from __future__ import annotations

import statistics
import time
from collections.abc import Sequence
from typing import Final

from benchmarks.subject import Row
from trimtab_solver.options import PlanOptions
from trimtab_solver.outcome import LevelValue, Progress
from trimtab_solver.planner import plan_recovery
from trimtab_solver.scenarios.course import happen
from trimtab_solver.scenarios.scenario import Scenario
from trimtab_solver.what_if.runners.runner import Assignment
from trimtab_solver.what_if.verdicts import ScenarioVerdict

_FIRST_S: Final = 0.1


def plan_each(assignment: Assignment, losses: Sequence[tuple[Scenario, ScenarioVerdict]], budget_s: float) -> Row:
    """Plans after each of the losses and compares what is lost.

    ``plan_s`` is the mean time of a whole plan; ``enough_s`` the mean time until the search had first found what the
    plan loses in the end, as if one knew then that no more is to be had. Neither holds the start of a program, nor
    reading files.
    """
    # one that is not measured: it loads, or compiles, what all plans need
    plan_recovery(assignment.snapshot, assignment.policy, PlanOptions(_FIRST_S))
    same, less, whole_s, enough_s = 0, 0, [], []
    for scenario, verdict in losses:
        state = happen(assignment.snapshot, assignment.policy, scenario)
        reports: list[Progress] = []
        began = time.monotonic()
        answer = plan_recovery(state, assignment.policy, PlanOptions(budget_s), reports.append)
        whole_s.append(time.monotonic() - began)
        count = len(verdict.last.losses)
        proven, planned = _values(verdict.last.losses), _values(answer.levels[:count])
        same += proven == planned
        less += planned < proven
        enough = (report.elapsed_s for report in reports if _values(report.levels[:count]) == planned)
        enough_s.append(next(enough, whole_s[-1]))
    return {
        "planned": len(losses),
        "plan_s": round(statistics.mean(whole_s), 4),
        "enough_s": round(statistics.mean(enough_s), 4),
        "same_losses": same,
        "plan_loses_less": less,
    }


def _values(levels: Sequence[LevelValue]) -> list[int]:
    return [level.value for level in levels]
