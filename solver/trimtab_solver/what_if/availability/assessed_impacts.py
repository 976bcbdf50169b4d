"""Has scenarios of failures and maintenance assessed, and keeps what each does to applications."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from ...prepared import Prepared
from ...scenarios.scenario import LaterStep, Scenario
from ..assessing import AssessmentOptions
from ..runners.runner import Assignment, ScenarioRunner
from ..verdicts import Basis, ScenarioVerdict
from .failing_parts import FailingPart
from .impact import Impact, Impacts
from .outages import Course

Order = tuple[str, ...]
"""Names of parts that have failed, in the order in which they did, each after the plan for those before it."""
AS_IT_IS = "as it is"


class AssessedImpacts:
    """What failures of parts, one after the other, and draining hosts do; each is assessed once."""

    def __init__(
        self,
        start: Prepared,
        parts: Mapping[str, FailingPart],
        impacts: Impacts,
        runner: ScenarioRunner,
        options: AssessmentOptions,
    ) -> None:
        self._start, self._parts, self._impacts, self._runner = start, parts, impacts, runner
        failures = replace(options, keep_plans=True, only_losses=True)
        self._failures = Assignment(start.source, start.policy, failures)
        # a plan that restarts who is down empties no host
        self._maintenance = replace(self._failures, options=replace(failures, only_losses=False))
        self._known: dict[Order, Impact] = {}
        self._drains: dict[str, Impact] = {}

    @property
    def assessed(self) -> int:
        """How many scenarios have been."""
        return len(self._known) + len(self._drains)

    def of(self, order: Order) -> Impact:
        """What the failure of the last part does, after the others; assessed before by `fill`."""
        return self._known[order]

    def of_drain(self, host_id: str) -> Impact:
        """What emptying the host does; assessed before by `fill_drains`."""
        return self._drains[host_id]

    def fill(self, orders: Iterable[Order]) -> None:
        """Assesses those that were not yet."""
        new = [order for order in dict.fromkeys(orders) if order not in self._known]
        scenarios = [_scenario(order) for order in new]
        for number, verdict in self._runner.run(self._failures, scenarios) if new else ():
            self._known[new[number]] = self._impact(new[number], verdict)

    def fill_drains(self, host_ids: Sequence[str]) -> None:
        """Assesses the emptying of each of the hosts."""
        new = [host_id for host_id in host_ids if host_id not in self._drains]
        scenarios = [Scenario(name=f"host:{host_id} is emptied", drain=(f"host:{host_id}",)) for host_id in new]
        for number, verdict in self._runner.run(self._maintenance, scenarios) if new else ():
            plan = verdict.last.plan
            if plan is None:
                impact = self._impacts.lost(verdict.scenario, verdict.last.basis)
            else:
                outages = Course(self._start.snapshot).carry_out(plan, emptied=(new[number],))
                impact = self._impacts.of(verdict.scenario, verdict.last.basis, outages, ())
            self._drains[new[number]] = impact

    def _impact(self, order: Order, verdict: ScenarioVerdict) -> Impact:
        course, outages = Course(self._start.snapshot), {}
        if len(verdict.steps) < max(1, len(order)):
            return self._impacts.lost(verdict.scenario, Basis.NONE)
        for number, step in enumerate(verdict.steps):
            if step.plan is None:
                return self._impacts.lost(verdict.scenario, step.basis)
            if order:
                part = self._parts[order[number]]
                course.fail(part.hosts, part.pools)
            outages = dict(course.carry_out(step.plan))
        return self._impacts.of(verdict.scenario, verdict.last.basis, outages, course.without_data)


def _scenario(order: Order) -> Scenario:
    if not order:
        return Scenario(name=AS_IT_IS)
    name = f"{order[0]} fails" if len(order) == 1 else f"{', then '.join(order)} fail"
    return Scenario(name=name, fail=order[:1], steps=tuple(LaterStep(fail=(part,)) for part in order[1:]))
