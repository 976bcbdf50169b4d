"""Targets tried out: the way to each is ordered, built and verified, and the best plan is kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .actions import Plan
from .engines.faults import FaultLog
from .engines.greedy import mend
from .errors import RefusedError
from .outcome import FaultKind
from .placement import Placement
from .plan.building import build_plan
from .plan.facts import facts_of
from .plan.ordering.exhaustive import MAX_CELLS, search_reach
from .plan.ordering.orderer import Ordering, order_steps
from .plan.ordering.prune import prune
from .prepared import Prepared
from .problem import Target
from .sizing import fit_sizes
from .stages import Stages
from .verify.replay import verify_plan
from .verify.violation import Violation

_NAMED = 5
"""Violations that are told of one plan."""
_REPAIRS = 8
"""So often a plan that the verifier refuses is tried again without the guests that it names."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """A verified plan with the values its end state has by the verifier's own count."""

    engine: str
    ordering: Ordering
    plan: Plan
    values: tuple[int, ...]
    placement: Placement
    """Where the verifier's replay ends."""


class Attempts:
    """The best verified plan so far; `stuck` [V] are guests whose moves had to be dropped on the way to it."""

    def __init__(self, prepared: Prepared, stages: Stages, faults: FaultLog) -> None:
        self._snapshot, self._policy, self._event = prepared.snapshot, prepared.policy, prepared.event
        self._problem, self._stages, self._faults = prepared.problem, stages, faults
        with stages.timed("verify"):
            self._case = prepared.case
        self.facts = facts_of(self._snapshot, self._problem)
        self._accused: list[int] = []
        """The guests that the verifier's last refusal is about."""
        self.best: Attempt | None = None
        self.stuck = np.zeros(self._problem.vm_count, dtype=np.bool_)

    def attempt(self, engine: str, target: Target) -> bool:
        """Keeps the way to a target if the state it reaches is the best so far; False when no such plan can be used."""
        try:
            return self._attempt(engine, target)
        except RefusedError:
            raise
        except Exception as error:  # a defect of one engine costs its own contribution only (decision 0014)
            self._faults.add_error(engine, error)
            return False

    def _attempt(self, engine: str, target: Target) -> bool:
        ordering = self._order(target)
        if ordering.stuck and not self._is_better(ordering):
            # a move that is barred may strand a guest of high rank, and all that is better would be lost with it
            mended = mend(self._problem, ordering.reached, self.stuck)
            if self._problem.evaluate(mended) < self._problem.evaluate(ordering.reached):
                ordering = self._order(mended)
        return (
            not self._is_better(ordering) or self._keep(engine, ordering) or self._do_without_accused(engine, ordering)
        )

    def _do_without_accused(self, engine: str, ordering: Ordering) -> bool:
        """A defect about some guests costs the others nothing: tries again with those left as they are that are named.

        Always False: what the engine proposed cannot be used as it is.
        """
        problem, place = self._problem, ordering.reached.place.copy()
        for _ in range(_REPAIRS):
            accused = [v for v in self._accused if place[v] != problem.current[v]]
            if not accused:
                break
            place[accused] = problem.current[accused]
            ordering = self._order(Target(place, fit_sizes(problem, place)))
            place = ordering.reached.place.copy()
            if not self._is_better(ordering) or self._keep(engine, ordering):
                break
        return False

    def attempt_all_ways(self, engine: str, target: Target, values: tuple[int, ...]) -> bool:
        """For a small cluster, looks for any way to the target, which has these values.

        Returns whether every state that safe steps can reach has been looked at.
        """
        if self._problem.vm_count * self._problem.host_count > MAX_CELLS:
            return False
        try:
            reach = search_reach(self._problem, target, values, self.facts.start_kinds)
            return self._keep(engine, reach.ordering) and reach.is_complete
        except RefusedError:
            raise
        except Exception as error:  # a defect of one engine costs its own contribution only (decision 0014)
            self._faults.add_error(engine, error)
            return False

    def _is_better(self, ordering: Ordering) -> bool:
        """Whether the state that an ordering ends in is better than that of the best plan so far."""
        return self.best is None or self._problem.evaluate(ordering.reached, ordering.interrupted) < self.best.values

    def _order(self, target: Target) -> Ordering:
        """The way to a target; remembers whose moves were left out."""
        with self._stages.timed("order"):
            ordering = order_steps(self._problem, target, self.facts.start_kinds)
        self.stuck[list(ordering.stuck)] = True
        return ordering

    def _keep(self, engine: str, ordering: Ordering) -> bool:
        """Replays the plan that executes an ordering; remembers it if it is the best so far. Whether it is valid."""
        problem = self._problem
        with self._stages.timed("order"):
            steps = prune(problem, ordering.steps, ordering.reached, self.facts.start_kinds)
        with self._stages.timed("build"):
            plan = build_plan(self.facts, problem, steps, self._event)
        with self._stages.timed("verify"):
            verdict = verify_plan(self._snapshot, self._policy, plan, case=self._case)
        if not verdict.is_valid:
            self._accused = self._accuse(plan, verdict.violations)
            for violation in verdict.violations[:_NAMED]:
                self._faults.add(engine, FaultKind.REJECTED, str(violation))
            return False
        values = tuple(value for _, value in verdict.levels)
        own = problem.evaluate(ordering.reached, ordering.interrupted)
        if own != values:
            why = f"engines value the end state at {own}, the verifier at {values}"
            self._faults.add(engine, FaultKind.MISCOUNTED, why)
            return False
        self._stages.reached("first_plan")
        if self.best is None or values < self.best.values:
            self.best = Attempt(engine, ordering, plan, values, verdict.placement)
        return True

    def _accuse(self, plan: Plan, violations: Sequence[Violation]) -> list[int]:
        """The guests that violations are about: those that they name, and those of the actions that they name."""
        named = {violation.vm_id for violation in violations}
        named |= {plan.actions[violation.step - 1].vm_id for violation in violations if violation.step > 0}
        return [v for v, vm_id in enumerate(self._problem.vm_ids) if vm_id in named]
