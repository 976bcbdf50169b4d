"""From a prepared cluster to a verified answer."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import cache, partial
from importlib.metadata import version
from typing import NamedTuple

from .attempts import Attempt, Attempts
from .digest import snapshot_digest
from .engines import ENGINES
from .engines.clock import NEVER, Deadline
from .engines.engine import REFINED, Best, Engine
from .engines.finishing import Finishing
from .engines.frontier import FrontierOptions, trace_frontier
from .engines.runner import Candidate, Runner
from .engines.strategy import EXACT
from .engines.waiting import PATIENCE_S, HungError, result_of
from .explain.blockers import find_blockers
from .explain.tiers import count_tiers
from .explain.why_down import explain_down
from .explain.wishes import describe_wishes
from .explain.words import Scene
from .measures import Key, Measure
from .options import PlanOptions
from .outcome import (
    Answer,
    Blocker,
    BrokenRule,
    Certificate,
    FaultKind,
    FrontierPoint,
    LevelValue,
    Outcome,
    Progress,
    StaysDown,
)
from .policy.documents import Policy
from .policy.resources import unknown_resource_notes
from .prepared import Prepared, prepare
from .problem import Problem, Target
from .snapshot import Snapshot
from .stages import Stages
from .verify.broken import broken_rules
from .warm_start import read_warm_start

_PLAN_SHARE = 0.6
"""Share of the budget for the plan itself when a frontier is asked for too."""
_FRONTIER_USE = 0.85
"""How much of the rest the points use; what lies between them takes time too."""
_FRONTIER = "frontier"
"""In place of an engine: several at once look at the points."""
_FINISHING = "finishing"
"""In place of an engine: what is done to all their targets."""
_ATTEMPT_FACTOR = 3.0
"""The plan that is tried last is longer than the first one, and may be mended: so much more time is kept for it."""


def plan_recovery(
    snapshot: Snapshot,
    policy: Policy,
    options: PlanOptions | None = None,
    on_progress: Callable[[Progress], None] | None = None,
    stop: threading.Event | None = None,
    stages: Stages | None = None,
    engines: Sequence[Engine] = ENGINES,
) -> Answer:
    """Prepares and plans, all within the budget: for whoever plans once from a snapshot.

    Raises
    ------
    SnapshotRefusedError, PolicyRefusedError
        The input is wrong; every fault found is listed. Unless `options.strict` is set, records of guests that make no
        sense are put in quarantine instead.
    UnverifiedPlanError
        As `plan_prepared`.
    """
    began = time.monotonic()
    stages = stages or Stages()
    prepared = prepare(snapshot, policy, stages, is_strict=options is not None and options.strict)
    return plan_prepared(prepared, options, on_progress, stop, stages, began, engines)


def plan_prepared(
    prepared: Prepared,
    options: PlanOptions | None = None,
    on_progress: Callable[[Progress], None] | None = None,
    stop: threading.Event | None = None,
    stages: Stages | None = None,
    began: float | None = None,
    engines: Sequence[Engine] = ENGINES,
) -> Answer:
    """The best plan found within the budget, verified by replay.

    `stages` learns how long each stage took: search, order, build, verify, explain, digest; and `first_plan`, when the
    first verified plan was there. The budget counts from `began`, a `time.monotonic()`; by default from now. `engines`
    look for targets; which of them had a defect is in the answer.

    Raises
    ------
    UnverifiedPlanError
        A bug: not even the plan that does nothing passes the verifier.
    """
    began = time.monotonic() if began is None else began
    return _Planner(prepared, options or PlanOptions(), on_progress, stop, stages or Stages(), began, engines).answer()


class _Explained(NamedTuple):
    """What is lost at the end of a plan, and why."""

    stays_down: tuple[StaysDown, ...]
    broken_rules: tuple[BrokenRule, ...]
    blockers: tuple[Blocker, ...]
    wishes: tuple[str, ...]


class _Planner:
    """One request on its way from a problem to an answer."""

    def __init__(
        self,
        prepared: Prepared,
        options: PlanOptions,
        on_progress: Callable[[Progress], None] | None,
        stop: threading.Event | None,
        stages: Stages,
        began: float,
        engines: Sequence[Engine],
    ) -> None:
        problem = prepared.problem
        self._prepared, self._problem, self._options = prepared, problem, options
        self._stages, self._began = stages, began
        self._stop = stop or threading.Event()
        self._warm = None if options.warm_start is None else read_warm_start(problem, options.warm_start)
        self._runner = Runner(
            problem,
            options if not options.frontier else replace(options, budget_s=options.budget_s * _PLAN_SHARE),
            None if on_progress is None else partial(_tell, on_progress, began),
            self._stop,
            began,
            None if self._warm is None else self._warm.place,
            engines,
        )
        self._faults = self._runner.faults
        self._attempts = Attempts(prepared, stages, self._faults)
        self._finishing = Finishing(problem, self._runner.strict)

    def answer(self) -> Answer:
        is_exhausted = self._look_in_time()
        best = self._attempts.best
        if best is None:
            raise self._faults.unverified()
        levels = self._runner.levels(best.values)
        frontier = self._frontier(best)
        explained = self._explain(best)
        faults = tuple(self._faults.faults)
        warm_notes = () if self._warm is None else self._warm.notes
        return Answer(
            outcome=self._outcome(best, levels, is_exhausted=is_exhausted),
            plan=best.plan,
            levels=levels,
            stays_down=explained.stays_down,
            blockers=explained.blockers,
            broken_rules=explained.broken_rules,
            certificate=self._certificate(),
            engine=best.engine,
            hardware_failures=self._prepared.event.hardware_failures,
            frontier=frontier,
            quarantined=self._prepared.quarantined,
            tiers=count_tiers(self._problem, self._prepared.snapshot, best.plan),
            notes=(
                *self._problem.warnings,
                *unknown_resource_notes(self._prepared.selection.policy, self._prepared.snapshot),
                *warm_notes,
                *best.ordering.dropped,
                *explained.wishes,
                *(fault.note for fault in faults),
            ),
            engine_faults=faults,
        )

    def _look_in_time(self) -> bool:
        """`_look`; where there is a verified plan, no longer than `late_s` after the budget."""
        options = self._options
        if options.reproducible or options.late_s is None:
            return self._look()
        deadline = Deadline(self._began + options.budget_s)
        try:
            return result_of(self._look, deadline, options.late_s, lambda: self._attempts.best is not None)
        except HungError as error:
            # it is at what would have been another plan
            if engine := self._runner.at_work:
                self._faults.add(engine, FaultKind.HUNG, str(error))
            self._runner.leave()
            return False

    def _look(self) -> bool:
        """Tries what engines find; whether all ways to the best target were tried."""
        candidates = self._runner.candidates()
        while (candidate := self._next(candidates)) is not None:
            is_first = self._attempts.best is None
            self._try(candidate.engine, candidate.target, may_descend=not is_first or not self._stop.is_set())
        self._stay()
        self._refine()
        return self._search_all_ways()

    def _next(self, candidates: Iterator[Candidate]) -> Candidate | None:
        with self._stages.timed("search"):
            return next(candidates, None)

    def _attempt(self, engine: str, target: Target) -> None:
        """Tries a target, and keeps time for another that may take longer."""
        began, before = time.monotonic(), self._attempts.best
        is_usable = self._attempts.attempt(engine, target)
        self._take_note(before)
        if not is_usable:
            self._runner.refused(self._verified())
        self._runner.reserve(_ATTEMPT_FACTOR * (time.monotonic() - began))

    def _try(self, engine: str, target: Target, *, may_descend: bool = True) -> None:
        """Attempts a target with the last touches, and then what a descent makes of it."""
        finished = self._touch(self._finishing.finish, target) or target
        self._attempt(engine, finished)
        if may_descend and (better := self._touch(self._finishing.descend, finished)) is not None:
            self._attempt(engine, better)

    def _touch(self, touch: Callable[[Target], Target | None], target: Target) -> Target | None:
        """What the last touches make of a target; None if they have a defect."""
        try:
            with self._stages.timed("search"):
                return touch(target)
        except Exception as error:  # a defect of one engine costs its own contribution only (decision 0014)
            self._faults.add_error(_FINISHING, error)
            return None

    def _verified(self) -> Best | None:
        """The state that the best plan ends in."""
        best = self._attempts.best
        if best is None:
            return None
        reached = best.ordering.reached
        return Best(best.engine, reached, self._problem.evaluate(reached))

    def _stay(self) -> None:
        """Doing nothing is a plan too, and what engines propose is done only if it is an improvement."""
        stay, best = self._runner.as_it_is, self._attempts.best
        if best is None or stay.values < best.values:
            self._attempt(stay.engine, stay.target)

    def _refine(self) -> None:
        """Looks again from the best state reached: without the moves that proved impossible, then without any."""
        attempts = self._attempts
        for stuck in (attempts.stuck, self._problem.running):
            if attempts.best is None or self._runner.ledger.is_proven(attempts.best.values):
                return
            with self._stages.timed("search"):
                target = self._runner.refine(attempts.best.ordering.reached, stuck)
            if target is None:
                return
            self._try(REFINED, target)

    def _search_all_ways(self) -> bool:
        """For a small cluster, finds out whether the best target can be reached at all; whether all ways were tried."""
        reached, wanted = self._attempts.best, self._runner.incumbent.best
        if wanted is None or (reached is not None and reached.values <= wanted.values):
            return False
        is_exhausted = self._attempts.attempt_all_ways(EXACT, wanted.target, wanted.values)
        self._take_note(reached)
        return is_exhausted

    def _take_note(self, before: Attempt | None) -> None:
        """Whether a better plan refutes what engines have proven."""
        best = self._attempts.best
        if best is not None and best is not before:
            self._runner.verified(best.values)

    def _frontier(self, best: Attempt) -> tuple[FrontierPoint, ...]:
        options = self._options
        if not options.frontier:
            return ()
        with self._stages.timed("frontier"):
            budget_s = options.budget_s * (1 - _PLAN_SHARE) * _FRONTIER_USE
            if not options.reproducible:
                left_s = options.budget_s - (time.monotonic() - self._began)
                budget_s = min(budget_s, max(0.0, left_s) * _FRONTIER_USE)
            work = FrontierOptions(budget_s, options.seed, options.workers, options.reproducible)
            deadline = NEVER if options.reproducible else Deadline.after(budget_s)
            try:
                return result_of(partial(self._trace, work, best), deadline, PATIENCE_S)
            except HungError as error:
                self._faults.add(_FRONTIER, FaultKind.HUNG, str(error))
            except Exception as error:  # a defect of one engine costs its own contribution only (decision 0014)
                self._faults.add_error(_FRONTIER, error)
        return ()

    def _trace(self, work: FrontierOptions, best: Attempt) -> tuple[FrontierPoint, ...]:
        with self._runner.ledger.bounds() as bounds:
            known = [best.ordering.reached]
            return trace_frontier(self._problem, self._options.frontier, work, self._stop, known, bounds)

    def _explain(self, best: Attempt) -> _Explained:
        prepared, reached = self._prepared, best.ordering.reached
        with self._stages.timed("explain"):
            broken = broken_rules(prepared.case, best.placement)
            scene = Scene.of(self._problem, self._attempts.facts, reached, prepared.event.hardware_failures)
            return _Explained(
                explain_down(scene, reached),
                broken,
                find_blockers(scene, prepared.selection, reached),
                describe_wishes(scene, reached, broken),
            )

    def _outcome(self, best: Attempt, levels: tuple[LevelValue, ...], *, is_exhausted: bool) -> Outcome:
        if must_lose(self._problem, levels):
            return Outcome.INFEASIBLE
        if all(level.gap == 0 for level in levels):
            is_well = not any(self._harm(best.values)) and not self._prepared.quarantined
            return Outcome.NO_ACTION_NEEDED if is_well and not best.plan.actions else Outcome.OPTIMAL
        wanted = self._runner.incumbent.best
        is_barred = is_exhausted and wanted is not None and self._harm(wanted.values) < self._harm(best.values)
        return Outcome.UNREACHABLE if is_barred else Outcome.FEASIBLE

    def _harm(self, values: tuple[int, ...]) -> tuple[int, ...]:
        """What does not run, highest rank first, and what is broken."""
        problem = self._problem
        return (*problem.losses(values).values(), values[problem.level_index(Key(Measure.INHERITED))])

    def _certificate(self) -> Certificate:
        with self._stages.timed("digest"):
            digest = snapshot_digest(self._prepared.source)
        return Certificate(
            snapshot_digest=digest,
            policy_digest=self._prepared.policy.digest,
            engine_versions=_engine_versions(),
            seed=self._options.seed,
            reproducible=self._options.reproducible,
            verified=True,
        )


def must_lose(problem: Problem, levels: Sequence[LevelValue]) -> bool:
    """Whether bounds prove that a guest is lost whose tier must run; `levels` are at least those that count losses."""
    rank, value, must_run = (problem.tier_values(name) for name in ("rank", "value", "must_run"))
    # per rank, the most that can be missing while every guest that must run does
    optional = {r: int(value[(rank == r) & (must_run == 0)].sum()) for r in problem.ranks}
    return any(level.bound > optional[r] for r, level in problem.losses(levels).items())


@cache
def _engine_versions() -> tuple[tuple[str, str], ...]:
    """Name and version of what plans come from; looking them up takes milliseconds."""
    return tuple((name, version(name)) for name in ("trimtab", "ortools"))


_version = cache(version)
"""Of an installed package: its files are read once."""


def _tell(on_progress: Callable[[Progress], None], began: float, engine: str, levels: tuple[LevelValue, ...]) -> None:
    """Passes an improvement on, with the time that it took."""
    on_progress(Progress(engine, time.monotonic() - began, levels))
