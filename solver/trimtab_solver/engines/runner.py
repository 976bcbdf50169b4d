"""Runs engines one after another, and keeps the best of what they find."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, partial

from ..options import PlanOptions
from ..outcome import FaultKind, LevelValue
from ..primitives.encoding import Bools, Index
from ..problem import Problem, Target
from . import ENGINES
from .call import EngineCall
from .clock import NEVER, Deadline
from .engine import NOBODY, REFINED, Best, Effort, Engine, EngineResult, Task, held
from .exact_model import variable_count
from .faults import FaultLog
from .incumbent import Incumbent, OnBetter
from .ledger import Ledger, Values
from .search.tables import StrictTables
from .strategy import BOUNDS, OPENING, Features, TimeSlice, next_slices, refining_slice
from .waiting import PATIENCE_S

_LEAST_S = 0.05
"""With less time left no engine begins."""
_PATIENCE_SHARE = 0.2
"""Of the budget, how long an engine is waited for after its end, and no less than `PATIENCE_S`."""
_OPENING_PATIENCE_S = 300.0
"""What opens has no deadline of its own, and may have to wait for a compiler."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A target that an engine proposes for a plan."""

    engine: str
    target: Target


class Runner:
    """Proposes targets, best last, until everything is proven, time is up or `stop` is set.

    `incumbent` is the best target so far, `ledger` says how good any can be, `strict` has tables for a descent.
    """

    def __init__(
        self,
        problem: Problem,
        options: PlanOptions,
        on_better: OnBetter | None = None,
        stop: threading.Event | None = None,
        began: float | None = None,
        earlier: Index | None = None,
        engines: Sequence[Engine] = ENGINES,
        faults: FaultLog | None = None,
    ) -> None:
        """`began` is when the request began (monotonic seconds), if that was earlier than now.

        `earlier` [V] is where an earlier plan left the guests, as far as each may still be there.
        """
        self._problem, self._options, self._earlier = problem, options, earlier
        self._stop = stop or threading.Event()
        self._deadline = _deadline(options, began)
        self._reserve_s = 0.0
        self._engines = {engine.name: engine for engine in engines}
        self._asked: list[str] = []
        self.at_work = ""
        """The engine that is at work now."""
        self._on_better = on_better
        self.faults = faults or FaultLog()
        self.strict = StrictTables(problem)
        self.ledger = Ledger(problem)
        self.incumbent = Incumbent(problem, self.ledger, on_better)

    @cached_property
    def as_it_is(self) -> Best:
        """The target in which everything stays as it is."""
        stay = held(self._problem.stay())
        return Best(NOBODY, stay, self._problem.evaluate(stay))

    @property
    def left_s(self) -> float:
        """Seconds left for engines; infinity where the clock does not count."""
        return self._deadline.left_s - self._reserve_s

    def reserve(self, seconds: float) -> None:
        """Keeps so much of the budget for what comes after the engines: ordering and verifying the last target."""
        self._reserve_s = max(self._reserve_s, min(seconds, self._options.budget_s / 2))

    def candidates(self) -> Iterator[Candidate]:
        """Targets in the order found; take the next one only if the last was not enough."""
        for time_slice in OPENING:
            yield from self._take(time_slice, _OPENING_PATIENCE_S)
        while self._may_go_on() and (slices := next_slices(self._features())):
            for time_slice in slices:
                if not self._may_go_on():
                    return
                yield from self._take(time_slice, self._patience_s)

    def refine(self, reached: Target, stuck: Bools) -> Target | None:
        """A target found from `reached`, in which `stuck` guests [V] that run there run nowhere else.

        For when the way to a better target is barred, or time is left. Proves nothing about other targets.
        """
        time_slice = refining_slice(self._features()) if self._may_go_on() else None
        if time_slice is None:
            return None
        start = Best(REFINED, held(reached), self._problem.evaluate(reached))
        found = self._improve(time_slice, REFINED, start, self._patience_s, stuck)
        return None if found is None else found.target

    def verified(self, values: Values) -> None:
        """Takes note of what a verified plan has reached, the best so far; proofs that it refutes are faults."""
        for engine, why in self.ledger.confirm(values):
            self.faults.add(engine, FaultKind.FALSE_PROOF, why)

    def refused(self, verified: Best | None) -> None:
        """The last candidate led to no plan that could be used: others go on from the best one that did."""
        self.incumbent.take_back(verified)

    def levels(self, values: Values) -> tuple[LevelValue, ...]:
        """Value and bound per level of a verified plan; bounds that it refutes are faults, and do not count."""
        for why in self.ledger.check_bounds(values):
            self.faults.add(BOUNDS, FaultKind.FALSE_PROOF, why)
        return self.ledger.levels(values)

    @property
    def _patience_s(self) -> float:
        return max(PATIENCE_S, _PATIENCE_SHARE * self._options.budget_s)

    def _may_go_on(self) -> bool:
        if self._stop.is_set() or self.left_s <= _LEAST_S:
            return False
        best = self.incumbent.best
        return best is None or not self.ledger.is_proven(best.values)

    def _take(self, time_slice: TimeSlice, patience_s: float) -> Iterator[Candidate]:
        """One engine's turn: it works on the incumbent, and what it ends with is a candidate."""
        self._asked.append(time_slice.engine)
        if time_slice.engine not in self._engines:
            return
        before, start = self.incumbent.best, self._start()
        found = self._improve(time_slice, time_slice.engine, start, patience_s)
        if found is None:
            return
        if (why := self.ledger.prove(time_slice.engine, found.proofs)) is not None:
            self.faults.add(time_slice.engine, FaultKind.FALSE_PROOF, why)
        self._learn(time_slice.engine, start, found)
        if found.target is not None and found.target is not start.target:
            self.incumbent.conclude(before, time_slice.engine, found.target)
            yield Candidate(time_slice.engine, found.target)

    def _improve(
        self, time_slice: TimeSlice, name: str, start: Best, patience_s: float, stuck: Bools | None = None
    ) -> EngineResult | None:
        """What an engine ends with; improvements on the way are reported under this name."""
        task = Task(
            self._problem,
            start,
            self.ledger,
            self._effort(time_slice),
            partial(self.incumbent.offer, name),
            self.strict,
            self._earlier,
            stuck,
        )
        call = EngineCall(self._engines[time_slice.engine], task, self.faults)
        self.at_work = time_slice.engine
        found = call.run(self._deadline, patience_s)
        self.at_work = ""
        if call.is_hung:
            self.leave()
        return found

    def leave(self) -> None:
        """Leaves what a thread may hold that does not come back."""
        best = self.incumbent.best
        self.ledger = self.ledger.renewed()
        self.incumbent = Incumbent(self._problem, self.ledger, self._on_better)
        self.incumbent.take_back(best)

    def _learn(self, engine: str, start: Best, found: EngineResult) -> None:
        """Looks what the prices that an engine found prove, while there is time."""
        try:
            for prices in found.prices:
                if self.left_s > _LEAST_S:
                    with self.ledger.bounds() as bounds:
                        bounds.learn(start.values, prices)
        except Exception as error:  # a defect of one engine costs its own contribution only (decision 0014)
            self.faults.add_error(engine, error)

    def _effort(self, time_slice: TimeSlice) -> Effort:
        """What an engine may do with its share."""
        options = self._options
        seconds = options.budget_s * time_slice.share
        deadline = self._deadline.within(min(seconds, max(0.0, self.left_s)))
        return Effort(seconds, deadline, options.seed, options.workers, self._stop)

    def _start(self) -> Best:
        """The incumbent; as long as there is none, everything as it is."""
        return self.incumbent.best or self.as_it_is

    @cached_property
    def _exact_size(self) -> int:
        return variable_count(self._problem)

    def _features(self) -> Features:
        problem, values, is_counted = self._problem, self._start().values, self._deadline.is_never
        first_open = self.ledger.first_open(values)
        left_s = self.left_s
        return Features(
            exact_size=self._exact_size,
            guests=problem.vm_count,
            hosts=problem.host_count,
            running=int(problem.running.sum()),
            moves=problem.disruption.budget,
            loss_levels=sum(level.counts_losses for level in problem.levels),
            proven_levels=self.ledger.proven_levels(values),
            gap=0 if first_open is None else first_open.gap,
            bound=0 if first_open is None else first_open.bound,
            left=1.0 if is_counted else max(0.0, left_s) / self._options.budget_s,
            left_s=self._options.budget_s if is_counted else left_s,
            is_counted=is_counted,
            asked=tuple(self._asked),
            engines=tuple(self._engines),
        )


def _deadline(options: PlanOptions, began: float | None) -> Deadline:
    """When the engines of a request have to end; never, where work is counted."""
    if options.reproducible:
        return NEVER
    return Deadline.after(options.budget_s) if began is None else Deadline(began + options.budget_s)
