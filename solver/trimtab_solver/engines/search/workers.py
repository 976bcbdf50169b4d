"""The search: annealing in one thread per core, then a descent that obeys the order of the levels strictly.

Simulated annealing with shift and swap alone came fourth in the 2012 machine reassignment challenge (Portal, Ritt,
Borba, Buriol, "Simulated annealing for the machine reassignment problem", Annals of OR 2016); to their two moves come
bringing up guests that are down, exchanges, chains and going home. Temperatures are measured on the instance
(`calibration`), never tuned to it. Each cycle after the first starts, less hot, from the best placement of
all workers, or in reproducible mode of its own.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from ...primitives.encoding import Bools, Ints
from ...problem import Problem, Target
from ...sizing import fit_sizes
from ..clock import NEVER, Deadline, now
from ..room_prices import RoomPrices
from .anneal import anneal
from .calibration import Heat, least_worth, measure_heat, no_heat
from .construct import bring_up
from .fragmentation import price_whole_room
from .moves import INFINITY
from .room_pricing import BY_HEADS, exchange_by_heads, loss_weights, start_room_pricing
from .rows import State, Tables
from .state import new_state, prices_of
from .tables import NO_BUDGET, build_tables, without_arrivals
from .weights import Weights, soft_weights, strict_weights

STEPS_PER_S = 400_000
"""Proposals per second of budget and worker in reproducible mode: less than any machine of today makes."""
_USUAL_SPEED = 2.5
"""How many times `STEPS_PER_S` a usual machine makes; only the heat depends on it."""
_ROOM_PRICING = 0.85
"""Share of the budget for annealing at prices of room, where it is scarce."""
_ROOM_PRICING_REPORTS = 5
"""How often during it guests are counted by heads again and evaluated, so that others hear of it."""
_CHUNK_S = 0.05
_WHOLE_ROOM = 0.5
"""What room for one wanted guest is worth, of what bringing up one of the lowest rank is worth."""
_PRICED = 20
"""How often in a cycle it is looked at which guests are down."""
_REPORTS = 8
"""How often in a cycle the best so far is evaluated, so that others hear of it."""
_DISRUPTION = (1.0, 0.2, 3.0, 0.5)
"""How much moves weigh in the searches side by side."""

Values = tuple[int, ...]


class _Cycle(NamedTuple):
    """One fall of temperature and the descent after it.

    `share` and `descent` are shares of the budget, `warmth` is what part of the heat measured it begins with, `span`
    how many times colder it ends at the most.
    """

    share: float
    descent: float
    warmth: float
    span: float = INFINITY


_CYCLES = (_Cycle(0.62, 0.10, 1.0), _Cycle(0.12, 0.02, 0.15), _Cycle(0.12, 0.02, 0.05))
_COOLING = (_Cycle(0.85, 0.02, 1.0, 1000.0), _Cycle(0.09, 0.04, 0.005))
"""Where moves are not counted: one slow fall from where the start is forgotten is worth most, and the last decades of
it, in which hardly anything moves, are left to the second cycle."""
_AFTER_ROOM_PRICING = (_Cycle(0.1, 0.016, 0.1),)


@dataclass(frozen=True, slots=True)
class SearchOptions:
    """What a search may use.

    `budget_s` wall seconds, or with `reproducible` the work of `STEPS_PER_S` proposals for each of them.
    """

    budget_s: float
    seed: int = 0
    workers: int = 2
    reproducible: bool = False
    stuck: Bools | None = None
    """Guests [V] that go nowhere else, though they may go down."""
    room: RoomPrices | None = None
    """What guests are worth where room is scarce: then the search begins with `room_pricing`."""


@dataclass(frozen=True, slots=True)
class ValuedTarget:
    """A target and its levels."""

    target: Target
    values: Values


def search(
    problem: Problem,
    options: SearchOptions,
    start: Target,
    on_better: Callable[[ValuedTarget], None] | None = None,
    stop: threading.Event | None = None,
    is_enough: Callable[[Values], bool] | None = None,
) -> ValuedTarget:
    """The best target found, never worse than `start`, which the problem must permit.

    `on_better` hears of every improvement, from the workers' threads; the search ends early when `stop` is set or
    `is_enough` says that a target with these values cannot be improved.
    """
    if not problem.vm_count or not problem.host_count:
        return ValuedTarget(start, problem.evaluate(start))
    return _ParallelSearch(problem, options, start, on_better, stop or threading.Event(), is_enough).run()


class _ParallelSearch:
    """Workers side by side and the best they have found."""

    def __init__(
        self,
        problem: Problem,
        options: SearchOptions,
        start: Target,
        on_better: Callable[[ValuedTarget], None] | None,
        stop: threading.Event,
        is_enough: Callable[[Values], bool] | None,
    ) -> None:
        self.problem = problem
        self.options = options
        self.stop = stop
        self.deadline = NEVER if options.reproducible else Deadline.after(options.budget_s)
        self._on_better = on_better
        self._is_enough = is_enough
        self._lock = threading.Lock()
        self.best = ValuedTarget(start, problem.evaluate(start))
        self.start = self.best
        self._proven = threading.Event()

    @property
    def is_over(self) -> bool:
        """Whether all shall end. With `reproducible` no worker ends because of what another one has found."""
        return self.stop.is_set() or (self._proven.is_set() and not self.options.reproducible)

    @property
    def is_late(self) -> bool:
        """Whether the time is up; with `reproducible` the clock does not count."""
        return self.deadline.is_over

    def tables(self, weights: Weights) -> Tables:
        """Tables under these weights, with what the options demand."""
        tables = build_tables(self.problem, weights)
        if self.options.stuck is None:
            return tables
        return without_arrivals(tables, self.options.stuck & self.problem.running)

    def run(self) -> ValuedTarget:
        count = max(1, self.options.workers)
        workers = [_Worker(self, i) for i in range(count)]
        with ThreadPoolExecutor(count, thread_name_prefix="search") as pool:
            results = list(pool.map(_Worker.run, workers))
        # in the order of the workers: equals do not depend on who came first
        return min(results, key=lambda found: found.values)

    def offer(self, place: Ints) -> ValuedTarget:
        """Evaluates a placement and keeps it if it is the best."""
        at = place.astype(np.int32)
        target = Target(at, fit_sizes(self.problem, at))
        found = ValuedTarget(target, self.problem.evaluate(target))
        with self._lock:
            if found.values < self.best.values:
                self.best = found
                if self._on_better is not None:
                    self._on_better(found)
                if self._is_enough is not None and self._is_enough(found.values):
                    self._proven.set()
        return found


class _Worker:
    """One thread: its own state, random numbers and weights."""

    def __init__(self, common: _ParallelSearch, number: int) -> None:
        self._common = common
        self._problem = common.problem
        self._options = common.options
        self._number = number
        self._seed = common.options.seed * 1009 + number
        self._best = common.start
        self._rate = 0.0

    def run(self) -> ValuedTarget:
        """Anneals and descends until the budget is used; the best target that this worker has seen."""
        problem = self._problem
        soft = self._common.tables(soft_weights(problem, _DISRUPTION[self._number % len(_DISRUPTION)]))
        strict = self._common.tables(strict_weights(problem))
        place = self._common.start.target.place.astype(np.int64)
        began = 0.0 if self._options.reproducible else now()
        budget_s = self._common.deadline.at - began
        state = new_state(problem, soft, place, self._seed)
        cycles: tuple[_Cycle, ...] = _CYCLES if soft.options["budget"][0] < NO_BUDGET else _COOLING
        heat = measure_heat(soft, state, cycles[0].share * self._options.budget_s * STEPS_PER_S * _USUAL_SPEED)
        spent = 0.0
        if self._options.room is not None:
            self._price_room(soft, place, self._options.room, began, budget_s)
            place = self._ahead()
            spent, cycles = _ROOM_PRICING, _AFTER_ROOM_PRICING
        prices = None
        for i, cycle in enumerate(cycles):
            if self._common.is_over or self._common.is_late:
                break
            if i or spent:
                state = new_state(problem, soft, place, self._seed + 7919 * (i + 1), prices)
            warm = heat.scaled(cycle.warmth).cut(cycle.span)
            place = self._cycle(soft, state, warm, began, budget_s, spent, cycle.share)
            prices = prices_of(state)
            spent += cycle.share
            self._descend(strict, place, began, budget_s, spent, cycle.descent)
            spent += cycle.descent
            place = self._ahead()
        return self._best

    def _offer(self, place: Ints) -> None:
        """Evaluates a placement; the first of equals stays this worker's best."""
        self._best = min(self._best, self._common.offer(place), key=lambda one: one.values)

    def _ahead(self) -> Ints:
        """Where to go on from: the best of all workers, unless that depends on who is faster."""
        best = self._best if self._options.reproducible else self._common.best
        return best.target.place.astype(np.int64)

    def _price_room(self, soft: Tables, place: Ints, room: RoomPrices, began: float, budget_s: float) -> None:
        """Puts as much room to use as can be. Every other worker begins with all who wait down, and nobody stopped."""
        problem, from_scratch = self._problem, self._number % 2 == 1
        tables = self._common.tables(loss_weights(soft_weights(problem)))
        pricing = start_room_pricing(problem, tables, room, 0.0 if from_scratch else BY_HEADS)
        start = problem.current if from_scratch else place
        state = new_state(problem, pricing.tables, start, self._seed, pricing.prices)
        best, energy = place.copy(), np.array([-INFINITY])
        reported = 1
        for done, steps in self._chunks(began, budget_s, 0.0, _ROOM_PRICING):
            pricing.adjust(state, done)
            heat = pricing.temperature(done)
            anneal(pricing.tables, state, best, energy, pricing.mix, steps, heat)
            if done * _ROOM_PRICING_REPORTS > reported:
                reported += 1
                self._offer(self._by_heads(soft, state, room))
        self._offer(self._by_heads(soft, state, room))

    def _by_heads(self, soft: Tables, state: State, room: RoomPrices) -> Ints:
        """The placement of a state at prices of room, made better with guests counted by heads and ranks again."""
        problem = self._problem
        counted = new_state(problem, soft, state.guest["place"], self._seed)
        exchange_by_heads(soft, counted, room.worth)
        # those of the lowest rank have nobody to take the room from
        strong = (counted.guest["place"] < 0) & (problem.tier_values("rank") > min(problem.ranks))
        bring_up(problem, soft, counted, strong, np.zeros(0, dtype=np.int64))
        return np.ascontiguousarray(counted.guest["place"])

    def _cycle(
        self, tables: Tables, state: State, heat: Heat, began: float, budget_s: float, spent: float, share: float
    ) -> Ints:
        """One fall of temperature; returns the best placement by energy since whole room was last priced."""
        best = state.guest["place"].copy()
        energy = np.array([state.totals["energy"][0]])
        priced, reported = 0, 1
        for done, steps in self._chunks(began, budget_s, spent, share):
            if done * _PRICED >= priced:
                priced += 1
                price_whole_room(tables, state, _WHOLE_ROOM * least_worth(tables))
                energy[0] = INFINITY
            if done * _REPORTS > reported:
                reported += 1
                self._offer(best)
            anneal(tables, state, best, energy, heat.mix, steps, heat.at(done))
        return best

    def _descend(self, tables: Tables, place: Ints, began: float, budget_s: float, spent: float, share: float) -> None:
        """Takes no losses in the strict order of levels."""
        state = new_state(self._problem, tables, place, self._seed)
        # only differences count, and small ones must not drown in a large sum
        state.totals["energy"] = 0.0
        energy = np.array([0.0])
        best, mix = place.copy(), no_heat(tables).mix
        for _, steps in self._chunks(began, budget_s, spent, share):
            anneal(tables, state, best, energy, mix, steps, 0.0)
        self._offer(best)

    def _chunks(self, began: float, budget_s: float, spent: float, share: float) -> Iterator[tuple[float, int]]:
        """How much of the share is done, and how many proposals to make next."""
        common = self._common
        if self._options.reproducible:
            total = int(self._options.budget_s * STEPS_PER_S * share)
            step = max(1000, total // 200)
            for at in range(0, total, step):
                if common.is_over:
                    return
                yield at / total, min(step, total - at)
            return
        begin, end = began + budget_s * spent, began + budget_s * (spent + share)
        steps = max(1000, int(self._rate * _CHUNK_S))
        while not common.is_over:
            moment = now()
            if moment >= end:
                return
            yield max(0.0, (moment - begin) / (end - begin)), steps
            took = max(1e-6, now() - moment)
            self._rate = steps / took
            steps = max(200, int(self._rate * min(_CHUNK_S, max(0.001, end - now()))))
