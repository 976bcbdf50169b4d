"""From a snapshot and a policy to a verified answer: the one entry point of the library."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from importlib.metadata import version

import numpy as np

from .actions import Plan
from .compilation import compile_problem
from .digest import snapshot_digest
from .engines.frontier import FrontierOptions, trace_frontier
from .engines.greedy import mend
from .engines.portfolio import FRONTIER_SHARES, Candidate, PlanOptions, Portfolio, Progress
from .explain.why_down import explain_down
from .failures import event_of
from .outcome import Answer, Certificate, FrontierPoint, LevelValue, Outcome, StaysDown
from .plan.building import build_plan, start_kinds
from .plan.exhaustive import MAX_CELLS, search_reach
from .plan.ordering import Ordering, order_steps
from .policy.documents import Policy
from .policy.selection import Selection
from .problem import Problem, Target
from .snapshot import Snapshot
from .stages import Stages
from .validation import check_snapshot
from .verify.case import Case
from .verify.replay import verify_plan
from .warm_start import read_warm_start

__all__ = ["FRONTIER_SHARES", "PlanOptions", "Progress", "UnverifiedPlanError", "plan_recovery"]


_PLAN_SHARE = 0.6
"""Share of the budget for the plan itself when a frontier is asked for too."""
_FRONTIER_USE = 0.85
"""How much of the rest the points use; what lies between them takes time too."""
_ATTEMPT_FACTOR = 3.0
"""The plan that is tried last is longer than the first one, and may be mended: so much more time is kept for it."""


class UnverifiedPlanError(Exception):
    """No engine produced a plan that passes the verifier: a bug in trimtab. The message lists the violations."""


@dataclass(frozen=True, slots=True)
class _Attempt:
    """A verified plan with the values its end state has by the verifier's own count."""

    engine: str
    ordering: Ordering
    plan: Plan
    values: tuple[int, ...]


def plan_recovery(
    snapshot: Snapshot,
    policy: Policy,
    options: PlanOptions | None = None,
    on_progress: Callable[[Progress], None] | None = None,
    stop: threading.Event | None = None,
    stages: Stages | None = None,
) -> Answer:
    """The best plan found within the budget, verified by replay.

    `stages` learns how long each stage took: check, compile, search, order, build, verify, explain, digest; and
    `first_plan`, when the first verified plan was there.

    Raises
    ------
    SnapshotRefusedError, PolicyRefusedError
        The input is wrong; every fault found is listed.
    UnverifiedPlanError
        A bug: not even the plan that does nothing passes the verifier.
    """
    began = time.monotonic()
    options = options or PlanOptions()
    stages = stages or Stages()
    with stages.timed("check"):
        check_snapshot(snapshot)
    with stages.timed("compile"):
        event = event_of(snapshot)
        selection = Selection(policy, snapshot, event)
        problem = compile_problem(snapshot, policy, selection)
    return _Planner(snapshot, policy, selection, problem, options, on_progress, stop, stages, began).answer()


class _Planner:
    def __init__(
        self,
        snapshot: Snapshot,
        policy: Policy,
        selection: Selection,
        problem: Problem,
        options: PlanOptions,
        on_progress: Callable[[Progress], None] | None,
        stop: threading.Event | None,
        stages: Stages,
        began: float,
    ) -> None:
        self._snapshot, self._policy, self._selection = snapshot, policy, selection
        self._problem, self._options = problem, options
        self._stages, self._began = stages, began
        self._warm = None if options.warm_start is None else read_warm_start(problem, options.warm_start)
        warm_place = None if self._warm is None else self._warm.place
        self._stop = stop or threading.Event()
        engines = options if not options.frontier else replace(options, budget_s=options.budget_s * _PLAN_SHARE)
        self._portfolio = Portfolio(problem, engines, on_progress, self._stop, began, warm_place)
        with stages.timed("verify"):
            self._case = Case(snapshot, policy, selection)
        self._kinds = start_kinds(snapshot, problem)
        self._best: _Attempt | None = None
        self._faults: list[str] = []
        self._stuck = np.zeros(problem.vm_count, dtype=np.bool_)
        """Guests whose moves had to be dropped."""
        self._tried: Target | None = None
        self._is_exhausted = False
        """Whether every state that safe steps can reach has been looked at."""

    def answer(self) -> Answer:
        portfolio = self._portfolio
        candidates = portfolio.candidates()
        while (candidate := self._next(candidates)) is not None:
            self._attempt(candidate)
        stay = self._problem.stay()
        if self._best is None or self._problem.evaluate(stay) < self._best.values:
            self._attempt(Candidate("none", stay))
        self._refine()
        if portfolio.best is not None and (self._best is None or portfolio.best < self._best.values):
            self._search_all_ways()
        best = self._best
        if best is None:
            raise UnverifiedPlanError("; ".join(self._faults))
        levels = portfolio.levels(best.values)
        warm_notes = () if self._warm is None else self._warm.notes
        return Answer(
            outcome=self._outcome(best, levels),
            plan=best.plan,
            levels=levels,
            stays_down=self._explain(best),
            certificate=self._certificate(),
            engine=best.engine,
            hardware_failures=self._selection.event.hardware_failures,
            frontier=self._frontier(best),
            notes=(*self._problem.warnings, *warm_notes, *best.ordering.dropped, *self._faults),
        )

    def _next(self, candidates: Iterator[Candidate]) -> Candidate | None:
        with self._stages.timed("search"):
            return next(candidates, None)

    def _frontier(self, best: _Attempt) -> tuple[FrontierPoint, ...]:
        options = self._options
        if not options.frontier:
            return ()
        with self._stages.timed("frontier"):
            budget_s = options.budget_s * (1 - _PLAN_SHARE) * _FRONTIER_USE
            if not options.reproducible:
                left_s = options.budget_s - (time.monotonic() - self._began)
                budget_s = min(budget_s, max(0.0, left_s) * _FRONTIER_USE)
            work = FrontierOptions(budget_s, options.seed, options.workers, options.reproducible)
            known, bounds = [best.ordering.reached], self._portfolio.bounds
            return trace_frontier(self._problem, options.frontier, work, self._stop, known, bounds)

    def _explain(self, best: _Attempt) -> tuple[StaysDown, ...]:
        with self._stages.timed("explain"):
            return explain_down(self._problem, best.ordering.reached)

    def _refine(self) -> None:
        """Looks again from the best state reached: without the moves that proved impossible, then without any."""
        problem, portfolio = self._problem, self._portfolio
        for stuck in (self._stuck, problem.running):
            if self._best is None or portfolio.is_proven(self._best.values):
                return
            with self._stages.timed("search"):
                target = portfolio.refine(self._best.ordering.reached, stuck)
            if target is None:
                return
            self._attempt(Candidate("refined", target))

    def _search_all_ways(self) -> None:
        """For a small cluster, settles whether the best target can be reached at all."""
        problem, portfolio = self._problem, self._portfolio
        if problem.vm_count * problem.host_count > MAX_CELLS or portfolio.best_target is None:
            return
        assert portfolio.best is not None
        reach = search_reach(problem, portfolio.best_target, portfolio.best, self._kinds)
        self._keep("exact", reach.ordering)
        self._is_exhausted = reach.is_complete

    def _attempt(self, candidate: Candidate) -> None:
        """Orders the way to the target, and keeps it if the state it reaches is the best so far."""
        if self._best is not None and candidate.target is self._tried:
            return
        self._tried = candidate.target
        began = time.monotonic()
        ordering = self._order(candidate.target)
        if ordering.stuck and not self._is_better(ordering):
            # a move that is barred may strand a guest of high rank, and all that is better would be lost with it
            mended = mend(self._problem, ordering.reached, self._stuck)
            if self._problem.evaluate(mended) < self._problem.evaluate(ordering.reached):
                ordering = self._order(mended)
        if self._is_better(ordering):
            self._keep(candidate.engine, ordering)
        self._portfolio.reserve(_ATTEMPT_FACTOR * (time.monotonic() - began))

    def _is_better(self, ordering: Ordering) -> bool:
        """Whether the state that an ordering ends in is better than that of the best plan so far."""
        return self._best is None or self._problem.evaluate(ordering.reached, ordering.interrupted) < self._best.values

    def _order(self, target: Target) -> Ordering:
        """The way to a target; remembers whose moves were left out."""
        with self._stages.timed("order"):
            ordering = order_steps(self._problem, target, self._kinds)
        self._stuck[list(ordering.stuck)] = True
        return ordering

    def _keep(self, engine: str, ordering: Ordering) -> None:
        """Replays the plan that executes an ordering; remembers it if it is valid and the best so far."""
        problem = self._problem
        with self._stages.timed("build"):
            plan = build_plan(self._snapshot, problem, ordering.steps, self._selection.event)
        with self._stages.timed("verify"):
            verdict = verify_plan(self._snapshot, self._policy, plan, case=self._case)
        if not verdict.is_valid:
            self._faults.extend(
                f"REJECTED a plan of engine {engine}, please report it: {violation}"
                for violation in verdict.violations[:5]
            )
            return
        values = tuple(value for _, value in verdict.levels)
        own = problem.evaluate(ordering.reached, ordering.interrupted)
        if own != values:
            raise UnverifiedPlanError(f"engines value the end state at {own}, the verifier at {values}")
        self._stages.reached("first_plan")
        if self._best is None or values < self._best.values:
            self._best = _Attempt(engine, ordering, plan, values)

    def _outcome(self, best: _Attempt, levels: tuple[LevelValue, ...]) -> Outcome:
        problem = self._problem
        for i, rank in enumerate(problem.ranks):
            must_run = all(tier.must_run for tier in problem.tiers if tier.rank == rank)
            if must_run and levels[i].bound > 0:
                return Outcome.INFEASIBLE
        if all(level.gap == 0 for level in levels):
            is_well = not any(best.values[: len(problem.ranks) + 1])
            return Outcome.NO_ACTION_NEEDED if is_well and not best.plan.actions else Outcome.OPTIMAL
        return Outcome.UNREACHABLE if self._is_exhausted else Outcome.FEASIBLE

    def _certificate(self) -> Certificate:
        with self._stages.timed("digest"):
            digest = snapshot_digest(self._snapshot)
        return Certificate(
            snapshot_digest=digest,
            policy_digest=self._policy.digest,
            engine_versions=(
                ("trimtab", version("trimtab")),
                ("ortools", version("ortools")),
            ),
            seed=self._options.seed,
            reproducible=self._options.reproducible,
            verified=True,
        )
