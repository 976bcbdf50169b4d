"""Assesses scenarios in this process, one after the other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ...scenarios.scenario import Scenario
from .runner import Assessed, Assignment


class Here:
    """Needs no other process; a crash of an engine ends it all."""

    def run(self, assignment: Assignment, scenarios: Sequence[Scenario]) -> Iterator[Assessed]:
        """As `ScenarioRunner.run`, in the order given."""
        assessor = assignment.assessor()
        for number, scenario in enumerate(scenarios):
            yield Assessed(number, assessor.assess(scenario))
