"""Assesses scenarios in this process, one after the other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ...scenarios.scenario import Scenario
from .runner import Assessed, Job


class Here:
    """Needs no other process; a crash of an engine ends it all."""

    def run(self, job: Job, scenarios: Sequence[Scenario]) -> Iterator[Assessed]:
        """As `Runner.run`, in the order given."""
        assessor = job.assessor()
        for number, scenario in enumerate(scenarios):
            yield Assessed(number, assessor.assess(scenario))
