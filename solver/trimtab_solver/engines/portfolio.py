"""The portfolio: owns the deadline, runs engines from fast to thorough, keeps the best incumbent, reports progress."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from ..outcome import LevelValue
from ..primitives.encoding import Bools, Index
from ..problem import NOWHERE, Problem, Target
from .bounds.bound import Bounds
from .columns.price_and_branch import AssemblyOptions, assemble
from .cpsat import Budget, LevelProof
from .exact import ExactModel, all_choices, candidate_count
from .greedy import repair
from .refilling import MOST_GUESTS, RefillOptions, refill
from .room_prices import appraise
from .search import SearchOptions, search

EXACT_ALONE = 3_000
"""Up to so many placement variables the exact model settles everything at once, and needs nobody before it."""
EXACT_FIRST = 25_000
"""Up to so many placement variables the exact model comes early and gets most of the time: it proves what it finds."""
EXACT_CANDIDATES = 400_000
"""Above so many placement variables the full exact model finds nothing useful in seconds and is not built."""
_SHARES_AT_LOSS = (("barter", 0.62), ("refilling", 0.23), ("search", 0.08))
"""When guests are lost that might run (docs/decisions/0011)."""
_SHARES_AT_LOSS_OF_MANY = (("barter", 0.82),)
_ASSEMBLY_SHARE = 0.6
_SHARES_ASSEMBLED = (("refilling", 0.15), ("search", 0.15))
_SHARES_ASSEMBLED_OF_MANY = (("search", 0.25),)
"""Before all that, and instead of it if that comes close, where hosts hold few guests (docs/decisions/0012)."""
_FEW_GUESTS = 15
"""Guests per host up to which what fits together on one is settled by whole contents rather than one by one."""
_CLOSE = 0.1
"""So near to the bound, as a share of it, other engines than those for the later levels bring little."""
_SEARCH_SHARE, _EARLY_SEARCH_SHARE = 0.8, 0.15
"""Share of the budget that the search gets: after which come proofs and polish, or most of the exact engine's work."""
_REFINING_SHARE = 0.25
"""Share of the exact engine's time kept for a second look, once it is known which moves cannot be carried out."""
_EXACT_PER_S = 20_000
"""Placement variables per second left for which building the full exact model is worth it."""
_FEW_MOVES = 0.005
"""Share of the running guests: where more may move and hosts hold many, bounds by whole hosts are no better than those
by kinds."""
_TIGHTENING_SHARE = 0.1
_TIGHTENINGS = 200
"""Most iterations on the bounds in reproducible mode, where seconds do not count."""
_PRICES_PER_S = 10
"""Prices per second of budget and worker that an assembly looks at in reproducible mode."""
_DETERMINISTIC_PER_S = 0.5
"""Deterministic time units that stand for one second of budget in reproducible mode."""

FRONTIER_SHARES = (0.0, 0.5, 1.0, 2.0, 5.0)
"""Shares of the running guests, in percent, at which to look at the disruption frontier unless others are asked for."""


@dataclass(frozen=True, slots=True)
class PlanOptions:
    """What one request may use.

    `budget_s` wall seconds for the search; with `reproducible` the engines stop after a fixed amount of work that
    corresponds to it instead, so that the same input, seed and workers give the same plan on any machine.
    """

    budget_s: float = 10.0
    seed: int = 0
    workers: int = 2
    reproducible: bool = False
    warm_start: Mapping[str, str] | None = None
    """Where guests should end up by an earlier plan, guest id -> host id, "" for down: the search begins there as well.

    Guests and hosts that the snapshot does not know are left out, with a note in the answer.
    """
    frontier: tuple[float, ...] = ()
    """Shares of the running guests, in percent, for each of which the answer says what moving so many buys."""


@dataclass(frozen=True, slots=True)
class Progress:
    """The best incumbent so far: which engine found it, after how many seconds, value and bound per level."""

    engine: str
    elapsed_s: float
    levels: tuple[LevelValue, ...]


@dataclass(frozen=True, slots=True)
class Candidate:
    """A target that an engine proposes for a plan."""

    engine: str
    target: Target


class Portfolio:
    """Proposes targets, best last, until everything is proven, time is up or `stop` is set.

    `bounds` per level holds for the values reached at the levels above it; `proven` says how many leading levels are
    known to be optimal, with the values in `optimum`.
    """

    def __init__(
        self,
        problem: Problem,
        options: PlanOptions,
        on_progress: Callable[[Progress], None] | None = None,
        stop: threading.Event | None = None,
        started: float | None = None,
        warm: Index | None = None,
    ) -> None:
        """`started` is when the request began (monotonic seconds), if that was earlier than now.

        `warm` [V] is where an earlier plan left the guests, as far as each may still be there.
        """
        self._problem = problem
        self._options = options
        self._on_progress = on_progress
        self._stop = stop or threading.Event()
        self._started = time.monotonic() if started is None else started
        self._deadline = self._started + options.budget_s
        self._warm = warm
        self._reserve_s = 0.0
        self._lock = threading.RLock()
        self.names = problem.level_names
        self.bounds = Bounds(problem)
        self.optimum: tuple[int, ...] = ()
        """Proven optimal values of the leading levels."""
        self._next_bound = 0
        """Bound on the first level that is not proven."""
        self._build_s = 0.0
        """What building the exact model took: without twice as long left, a second one is not begun."""
        self.best: tuple[int, ...] | None = None
        self.best_target: Target | None = None

    @property
    def left_s(self) -> float:
        """Wall seconds left for engines."""
        return self._deadline - self._reserve_s - time.monotonic()

    def reserve(self, seconds: float) -> None:
        """Keeps so much of the budget for what comes after the engines: ordering and verifying the last target."""
        self._reserve_s = max(self._reserve_s, min(seconds, self._options.budget_s / 2))

    def levels(self, values: tuple[int, ...]) -> tuple[LevelValue, ...]:
        """Value and bound per level for a state with these values.

        While the leading levels are at their proven optimum, the next bound is the proven one; after the first level
        that is worse than its bound only the aggregated bounds hold.
        """
        found = []
        with self._lock:
            given = self.bounds.given(values)
        tight = True
        for i, (name, value) in enumerate(zip(self.names, values, strict=True)):
            bound = given[i]
            if tight and i < len(self.optimum):
                bound = max(bound, self.optimum[i])
            elif tight and i == len(self.optimum):
                bound = max(bound, self._next_bound)
            bound = min(bound, value)
            tight = tight and bound == value
            found.append(LevelValue(name, value, bound))
        return tuple(found)

    def is_proven(self, values: tuple[int, ...]) -> bool:
        """Whether no target can be better at any level."""
        return all(level.gap == 0 for level in self.levels(values))

    def candidates(self) -> Iterator[Candidate]:
        """Targets in the order found; take the next one only if the last did not settle the matter."""
        if self._warm is not None:
            # first, so that where others are as good the earlier plan stays
            self._report("earlier", repair(self._problem, self._warm))
            yield self._incumbent("earlier")
        self._report("greedy", repair(self._problem))
        yield self._incumbent("greedy")
        size = candidate_count(self._problem)
        if self._may_go_on():
            for engine, share in self._shares(size):
                if self._may_go_on():
                    self._improve(engine, self._options.budget_s * share)
                    yield self._incumbent(engine)
        if self._may_go_on() and self._is_for_exact(size):
            exact = self._exact(self._incumbent("exact").target)
            if exact is not None:
                yield Candidate("exact", exact)
        few_moves = self._problem.disruption.budget < _FEW_MOVES * self._problem.running.sum()
        if self._may_go_on() and (few_moves or self._holds_few):
            self._tighten()

    def _shares(self, size: int) -> Iterator[tuple[str, float]]:
        """Which engines improve the incumbent for which share of the budget, in order."""
        if size <= EXACT_ALONE:
            return
        if size <= EXACT_FIRST:
            yield "search", _EARLY_SEARCH_SHARE
            return
        assert self.best is not None, "greedy repair comes first"
        ranks = len(self._problem.ranks)
        of_ranks = sum(any(part < ranks for part, _ in level.parts) for level in self._problem.levels)
        if self._settled(self.best) >= of_ranks:
            yield "search", _SEARCH_SHARE
            return
        is_many = self._problem.vm_count > MOST_GUESTS
        left = 1.0
        if self._holds_few:
            yield "assembly", _ASSEMBLY_SHARE
            if self._is_close():
                yield from _SHARES_ASSEMBLED_OF_MANY if is_many else _SHARES_ASSEMBLED
                return
            left -= _ASSEMBLY_SHARE
            if not self._options.reproducible:
                left = max(0.0, self._deadline - time.monotonic()) / self._options.budget_s
        for engine, share in _SHARES_AT_LOSS_OF_MANY if is_many else _SHARES_AT_LOSS:
            yield engine, share * left

    def _is_close(self) -> bool:
        """Whether the first level that is not proven is nearly as good as its bound."""
        assert self.best is not None, "greedy repair comes first"
        first = next((level for level in self.levels(self.best) if level.gap), None)
        return first is None or first.gap <= max(1.0, _CLOSE * first.bound)

    @property
    def _holds_few(self) -> bool:
        """Whether hosts hold few guests."""
        return self._problem.vm_count <= _FEW_GUESTS * self._problem.host_count

    def _improve(self, engine: str, budget_s: float) -> None:
        """Lets one engine work on the incumbent for so long."""
        start = self._incumbent(engine).target
        if engine == "assembly":
            self._assemble(budget_s)
            return
        if engine != "refilling":
            self._adopt(self._search(engine, budget_s, start))
            return
        options = self._options
        refill(
            self._problem,
            start,
            RefillOptions(
                time.monotonic() + min(budget_s, max(0.0, self.left_s)),
                max(1, int(budget_s)) if options.reproducible else None,
                options.seed,
                options.workers,
            ),
            self._stop,
            lambda target: self._report("refilling", target),
        )

    def _assemble(self, budget_s: float) -> None:
        """Fills hosts with whole contents; what their prices prove counts from then on."""
        options = self._options
        assert self.best is not None, "greedy repair comes first"
        with self._lock:
            scarcity = self.bounds.scarcity(self.best)
        if scarcity is None:
            return
        deadline = None if options.reproducible else time.monotonic() + min(budget_s, max(0.0, self.left_s))
        iterations = int(budget_s * _PRICES_PER_S) if options.reproducible else None
        values = self.best
        found = assemble(
            self._problem,
            scarcity[1],
            AssemblyOptions(deadline, iterations, options.seed, options.workers),
            self._stop,
        )
        if found is None:
            return
        with self._lock:
            for prices in found.prices:
                if options.reproducible or self.left_s > 0.05:
                    self.bounds.learn(values, prices)
        self._report("assembly", found.target)

    def _incumbent(self, engine: str) -> Candidate:
        assert self.best_target is not None, "greedy repair comes first"
        return Candidate(engine, self.best_target)

    def _search(self, engine: str, budget_s: float, start: Target, stuck: Bools | None = None) -> Target:
        """Local search for so long, as far as time is left; with barter for room or without."""
        options = self._options
        assert self.best is not None, "greedy repair comes first"
        with self._lock:
            appraisal = appraise(self._problem, self.bounds, self.best) if engine == "barter" else None
        limit_s = budget_s if options.reproducible else min(budget_s, self.left_s)
        found = search(
            self._problem,
            SearchOptions(
                limit_s, options.seed, options.workers, options.reproducible, stuck=stuck, appraisal=appraisal
            ),
            start,
            None if stuck is not None else lambda better: self._report(engine, better.target),
            self._stop,
            self.is_proven,
        )
        return found.target

    def _is_for_exact(self, size: int) -> bool:
        """Whether the full exact model is worth building in the time that is left."""
        if size <= EXACT_FIRST or self._options.reproducible:
            return size <= EXACT_CANDIDATES
        return size <= EXACT_CANDIDATES and self.left_s * _EXACT_PER_S > size

    def _settled(self, values: tuple[int, ...]) -> int:
        """How many leading levels are proven for these values."""
        gaps = [level.gap for level in self.levels(values)]
        return next((i for i, gap in enumerate(gaps) if gap), len(gaps))

    def _tighten(self) -> None:
        """Raises the bounds on what is lost for a while."""
        until = time.monotonic() + min(self._options.budget_s * _TIGHTENING_SHARE, max(0.0, self.left_s))
        for _ in range(_TIGHTENINGS):
            assert self.best is not None
            if not self._options.reproducible and time.monotonic() >= until:
                return
            with self._lock:
                more = self.bounds.tighten(
                    self.best, 1, lambda: not self._options.reproducible and time.monotonic() >= until
                )
            if not more or self._stop.is_set():
                return

    def refine(self, reached: Target, stuck: Bools) -> Target | None:
        """A target better than `reached`, in which `stuck` guests [V] that run there run nowhere else.

        For when the way to a better target is barred, or time is left. Proves nothing about other targets.
        """
        if not self._may_go_on():
            return None
        if candidate_count(self._problem) > EXACT_FIRST:
            return self._search("search", self._options.budget_s * _REFINING_SHARE, reached, stuck)
        if not self._options.reproducible and self.left_s < 2 * self._build_s:
            return None
        pinned = np.where(stuck, reached.place, NOWHERE).astype(np.int32)
        return self._solve(ExactModel(self._problem, all_choices(self._problem, pinned)), reached, self._deadline)[0]

    def _may_go_on(self) -> bool:
        if self._stop.is_set() or (not self._options.reproducible and self.left_s <= 0.05):
            return False
        return self.best is None or not self.is_proven(self.best)

    def _exact(self, hint: Target) -> Target | None:
        began = time.monotonic()
        model = ExactModel(self._problem)
        self._build_s = time.monotonic() - began
        first = self._deadline - self.left_s * _REFINING_SHARE
        target, proofs = self._solve(model, hint, first)
        optimum: list[int] = []
        for proof in proofs:
            if proof.value is None or proof.value != proof.bound:
                self._next_bound = proof.bound
                break
            optimum.append(proof.value)
        self.optimum = tuple(optimum)
        if target is not None:
            self._report("exact", target)
        return target

    def _solve(self, model: ExactModel, hint: Target, deadline: float) -> tuple[Target | None, tuple[LevelProof, ...]]:
        """Solves from a state that the model contains: levels it has settled are held, the next may only improve."""
        options = self._options
        values = self._problem.evaluate(hint)
        known = self._settled(values)
        model.hint(hint)
        budget = Budget(
            deadline=deadline,
            deterministic_per_level=options.budget_s * _DETERMINISTIC_PER_S if options.reproducible else None,
            seed=options.seed,
            workers=options.workers,
        )
        proposal = model.solve(
            budget,
            self._stop,
            lambda target, _: self._report("exact", target),
            values[:known],
            values[known] if known < len(values) else None,
        )
        if proposal.target is not None:
            self._check(proposal.target, proposal.proofs)
        return proposal.target, proposal.proofs

    def _check(self, target: Target, proofs: tuple[LevelProof, ...]) -> None:
        """The model's own values and the common yardstick must agree: anything else is a bug, and is never served."""
        values = self._problem.evaluate(target)
        for name, value, proof in zip(self.names, values, proofs, strict=True):
            if proof.value is not None and value > proof.value:
                raise AssertionError(f"level {name}: the exact model claims {proof.value}, its target has {value}")

    def _adopt(self, target: Target) -> None:
        """Keeps what a search ended with, also where an equal one was reported before: which came first is chance."""
        values = self._problem.evaluate(target)
        with self._lock:
            if self.best is None or values <= self.best:
                self.best, self.best_target = values, target

    def _report(self, engine: str, target: Target) -> None:
        """Keeps the best values and tells the caller about an improvement. Called from solver threads too."""
        values = self._problem.evaluate(target)
        with self._lock:
            if self.best is not None and values >= self.best:
                return
            self.best, self.best_target = values, target
            if self._on_progress is not None:
                elapsed = time.monotonic() - self._started
                self._on_progress(Progress(engine, elapsed, self.levels(values)))
