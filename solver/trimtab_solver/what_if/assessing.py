"""Assesses scenarios on one cluster: by a plan that does little where that is proven to lose least, else by a search.

The cluster is prepared once. A state after events is made from it (`Prepared.after`), and in it first only those are
restarted who are down. Where bounds prove that nobody more could run, that plan is the answer; only else is there a
search, for a fixed amount of work, so that the verdict is the same on any machine.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from ..actions import Plan
from ..attempts import Attempts
from ..digest import plan_digest
from ..engines.faults import FaultLog
from ..engines.greedy import restart
from ..engines.ledger import Ledger
from ..engines.search.tables import StrictTables
from ..errors import RefusedError
from ..options import PlanOptions
from ..outcome import LevelValue, Outcome
from ..placement import Placement
from ..planner import must_lose, plan_prepared
from ..policy.documents import Document, Metadata, Policy, Source, Spec
from ..prepared import Prepared
from ..review.evidence import Evidence
from ..review.expectations import PlanCheck, PlanShown, UnmetList
from ..scenarios.course import states
from ..scenarios.expectation import Drill, PlanExpectation
from ..scenarios.scenario import Scenario
from ..stages import Stages
from ..verify.replay import verify_plan
from .breaches import BreachCount
from .fates import Fates
from .verdicts import Basis, ScenarioVerdict, StepVerdict

_RESTART = "restart"
"""In place of an engine: what answers a scenario without any."""


@dataclass(frozen=True, slots=True)
class AssessmentOptions:
    """What a scenario may use. `budget_s` is an amount of work that stands for so many seconds of each plan.

    With `keep_plans` verdicts hold their plans. Unless `only_losses` every plan is searched for, though it may be
    proven who is lost: for who wants to see the plan as it would be made.
    """

    budget_s: float = 1.0
    seed: int = 0
    keep_plans: bool = False
    only_losses: bool = True


@dataclass(frozen=True, slots=True)
class _Planned:
    """A verified plan, where it ends, and what is proven of it."""

    plan: Plan
    end: Placement
    levels: tuple[LevelValue, ...]
    """All, or those up to the last that counts guests which do not run."""
    outcome: Outcome
    basis: Basis
    notes: tuple[str, ...]


class Assessor:
    """Assesses scenarios that happen to one cluster, each by itself, in any order.

    Raises
    ------
    PolicyRefusedError
        When the policy cannot be evaluated on the cluster as it is.
    """

    def __init__(
        self,
        start: Prepared,
        options: AssessmentOptions | None = None,
        policies: Mapping[str, Policy] = MappingProxyType({}),
    ) -> None:
        """`policies` are those that steps of scenarios name."""
        self.start, self._policies = start, policies
        self._options = options or AssessmentOptions()
        self._strict = StrictTables(start.problem)
        self._fates, self._breaches = Fates(start), BreachCount(start)

    def assess(self, scenario: Scenario, path: str = "") -> ScenarioVerdict:
        """What comes of the scenario, which stands at `path`. Same cluster, scenario and options: same verdict."""
        unmet = UnmetList()
        steps = tuple(self._steps(scenario, path, unmet))
        return ScenarioVerdict(scenario.name, steps, tuple(unmet.unmet))

    def load(self) -> None:
        """Loads what every scenario needs, so that processes that are forked then have it."""
        restart(self.start.problem, self._strict.tables, self.start.problem)

    def _steps(self, scenario: Scenario, path: str, unmet: UnmetList) -> Iterator[StepVerdict]:
        """The verdict on each step, up to the first after which the cluster is refused; of a drill, what is `unmet`."""
        made: list[_Planned] = []
        # an expectation is about the plan as it would be made
        is_searched = not self._options.only_losses or (isinstance(scenario, Drill) and scenario.expect is not None)
        ceased: frozenset[str] = frozenset()
        try:
            for state in states(self.start, scenario, lambda _: made[-1].plan, path, self._policies):
                planned = self._plan(state, is_searched=is_searched)
                made.append(planned)
                ceased |= self._fates.ceased(state.snapshot, planned.plan)
                yield self._verdict(state, planned, ceased)
            if isinstance(scenario, Drill) and scenario.expect is not None:
                _compare(scenario, scenario.expect, state, made[-1], unmet)
        except RefusedError as refusal:
            unmet.fail("expect.plan", f"the cluster is refused: {refusal}")
            yield StepVerdict(Outcome.REFUSED, Basis.NONE, refused=refusal.faults)

    def _plan(self, state: Prepared, *, is_searched: bool) -> _Planned:
        """The plan for the cluster after a step."""
        least = None if is_searched else self._restart(state)
        return least or self._search(state)

    def _restart(self, state: Prepared) -> _Planned | None:
        """The plan that does the least, if bounds prove that no other loses less."""
        problem, faults = state.problem, FaultLog()
        attempts = Attempts(state, Stages(), faults)
        strict = StrictTables(problem, before=self._strict)
        if not attempts.attempt(_RESTART, restart(problem, strict.tables, self.start.problem)) or attempts.best is None:
            return None
        best = attempts.best
        losses = Ledger(problem).levels(best.values, problem.loss_levels)
        if any(level.gap for level in losses):
            return None
        outcome = Outcome.INFEASIBLE if must_lose(problem, losses) else Outcome.FEASIBLE
        notes = tuple(fault.note for fault in faults.faults)
        return _Planned(best.plan, best.placement, losses, outcome, Basis.BOUND, notes)

    def _search(self, state: Prepared) -> _Planned:
        """The plan that all engines come to."""
        options = self._options
        answer = plan_prepared(state, PlanOptions(options.budget_s, options.seed, workers=1, reproducible=True))
        problem = state.problem
        losses = answer.levels[: problem.loss_levels]
        basis = Basis.BEST_FOUND
        if not any(level.gap for level in losses):
            by_bounds = Ledger(problem).levels(tuple(level.value for level in answer.levels), problem.loss_levels)
            basis = Basis.EXACT if any(level.gap for level in by_bounds) else Basis.BOUND
        end = verify_plan(state.snapshot, state.policy, answer.plan, case=state.case).placement
        notes = tuple(fault.note for fault in answer.engine_faults)
        return _Planned(answer.plan, end, answer.levels, answer.outcome, basis, notes)

    def _verdict(self, state: Prepared, planned: _Planned, ceased: frozenset[str]) -> StepVerdict:
        plan = planned.plan
        touched = {action.vm_id for action in plan.actions if action.vm_id}
        return StepVerdict(
            outcome=planned.outcome,
            basis=planned.basis,
            losses=planned.levels[: state.problem.loss_levels],
            tiers=self._fates.count(state, ceased, plan, planned.end),
            broken=self._breaches.compare(state, planned.end, touched),
            hardware_failures=state.event.hardware_failures,
            makespan_s=plan.makespan_s,
            actions=len(plan.actions),
            plan_digest=plan_digest(plan),
            plan=plan if self._options.keep_plans else None,
            notes=planned.notes,
        )


def _compare(drill: Drill, expect: PlanExpectation, state: Prepared, planned: _Planned, unmet: UnmetList) -> None:
    """What of the expectation the plan for the last state does not meet."""
    # selectors of the expectation are evaluated as those of a document of the policy would be
    asking = Document("Drill", Metadata(name="drill"), Spec(), Source(drill.name))
    shown = PlanShown(planned.plan, planned.outcome, planned.levels, planned.end)
    PlanCheck(Evidence(state), asking, "", unmet).compare(expect, shown)
