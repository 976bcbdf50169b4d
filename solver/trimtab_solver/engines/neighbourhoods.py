"""Large neighbourhood search by numbers: some hosts are filled anew, proven best, while the others stay as they are.

P. Shaw, "Using constraint programming and local search methods to solve vehicle routing problems", CP 1998. Because the
model counts alike guests (`counts`), ten hosts are no more work than four with a Boolean per guest.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable
from dataclasses import dataclass
from itertools import takewhile

import numpy as np

from ..measures import Key, Measure
from ..primitives.encoding import Bools, Ints
from ..problem import NOWHERE, Problem, Target
from .bounds.bound import Bounds
from .clock import Deadline
from .counts import CountModel, Neighbourhood
from .cpsat import Budget
from .engine import EngineResult, Task
from .relaxation.aggregation import relax
from .relaxation.dual import find_prices
from .relaxation.lagrangian import Floats

MOST_GUESTS = 30_000
"""Above so many guests one round costs more than it brings."""
_FIRST_SIZE = 8.0
_LEAST_SIZE, _MOST_SIZE = 3.0, 40.0
_SOLVE_S = 0.4
_LEAST_WASTE = 0.02
"""Waste, in guests, that every host counts for when hosts are drawn."""
_MOVES_AHEAD = 1.5
"""How many times its share of the moves that are left a neighbourhood may spend."""
_SOLVE_UNITS = 0.5
"""Deterministic time per neighbourhood in reproducible mode."""


@dataclass(frozen=True, slots=True)
class NeighbourhoodOptions:
    """What a search may use: until `deadline`, or with `rounds` so many neighbourhoods, whatever the clock.

    `moves` replaces the problem's own budget of moved guests.
    """

    deadline: Deadline
    rounds: int | None = None
    seed: int = 0
    workers: int = 1
    moves: int | None = None


class Neighbourhoods:
    """Some hosts are filled anew while the others stay as they are, over and over."""

    name = "neighbourhoods"

    def improve(self, task: Task) -> EngineResult | None:
        """Never worse than the start; None where guests are stuck, which it does not heed."""
        if task.stuck is not None:
            return None
        effort = task.effort
        rounds = max(1, int(effort.seconds)) if effort.is_counted else None
        options = NeighbourhoodOptions(effort.deadline, rounds, effort.seed, effort.workers)
        return EngineResult(search_neighbourhoods(task.problem, task.start.target, options, effort.stop, task.report))


def search_neighbourhoods(
    problem: Problem,
    start: Target,
    options: NeighbourhoodOptions,
    stop: threading.Event,
    on_better: Callable[[Target], None] | None = None,
) -> Target:
    """The best target found, never worse than `start`, which must be valid and within the budget of moves.

    Hosts are taken in random order, as many at once as are solved to the end in the time of one round.
    """
    usable = np.flatnonzero(problem.allowed.mask.any(axis=0) | np.isin(np.arange(problem.host_count), problem.current))
    if len(usable) == 0:
        return start
    search = _Neighbourhoods(problem, options, usable)
    best, values = start, problem.evaluate(start)
    while not stop.is_set() and not search.is_over:
        target = search.propose(best, values, stop)
        if target is None:
            continue
        found = problem.evaluate(target)
        if found < values:
            best, values = target, found
            if on_better is not None:
                on_better(target)
    return best


class _Neighbourhoods:
    """Which hosts come next, and how many at once."""

    def __init__(self, problem: Problem, options: NeighbourhoodOptions, usable: Ints) -> None:
        self._problem, self._options, self._usable = problem, options, usable
        self._relaxation = relax(problem)
        self._chance = np.random.default_rng(options.seed)
        self._most = problem.disruption.budget if options.moves is None else options.moves
        self._size = _FIRST_SIZE
        self._left: Ints = np.zeros(0, dtype=np.int64)
        self._rounds = 0
        self._price = self._prices()

    def _prices(self) -> Floats:
        """What a unit of room is worth on each host [H, R], in losses of the lowest rank, if none above it loses."""
        *above, lowest = self._problem.ranks
        relaxed = Bounds(self._problem).loss_problem(lowest, {Key(Measure.RUNNING, rank): 0 for rank in above})
        prices = find_prices(relaxed)
        return np.asarray((prices.room / prices.scale)[self._relaxation.type_of])

    def _waste(self, best: Target) -> Floats:
        """What each host [H] adds to the distance from the bound: room left over, guests stopped for too little."""
        problem = self._problem
        capacity = problem.capacity
        free = np.maximum(capacity.ceiling - capacity.usage(best.place, problem.floor), 0)
        waste = (free * self._price).sum(axis=1)
        stopped = np.flatnonzero(problem.running & (best.place == NOWHERE))
        home = problem.current[stopped]
        factor = np.where(capacity.backed[stopped], capacity.factor[home, :, 1], capacity.factor[home, :, 0])
        worth = (factor * problem.floor[stopped] * self._price[home]).sum(axis=1)
        np.add.at(waste, home, np.maximum(problem.tier_values("value")[stopped] - worth, 0.0))
        return np.asarray(waste)

    @property
    def is_over(self) -> bool:
        """Whether time, or the number of rounds, is used up."""
        options = self._options
        if options.rounds is not None:
            return self._rounds >= options.rounds
        return options.deadline.is_over

    def propose(self, best: Target, values: tuple[int, ...], stop: threading.Event) -> Target | None:
        """The best target around `best` with the next hosts filled anew; None when that leads to none."""
        self._rounds += 1
        options = self._options
        hosts = self._next_hosts(best)
        model = CountModel(
            self._problem, self._allowance(best, hosts), Neighbourhood(best.place, hosts), self._relaxation
        )
        budget = Budget(
            deadline=options.deadline.within(_SOLVE_S),
            units=None if options.rounds is None else _SOLVE_UNITS,
            seed=options.seed + self._rounds,
            workers=options.workers,
        )
        # nothing is lost here at ranks where nothing is lost at all
        losses = self._problem.losses(values).values()
        perfect = len(list(takewhile(lambda loss: loss == 0, losses)))
        target, proofs = model.solve(budget, stop, None, (0,) * perfect)
        is_proven = all(proof.value == proof.bound for proof in proofs)
        self._size = min(_MOST_SIZE, self._size * 1.25) if is_proven else max(_LEAST_SIZE, self._size * 0.8)
        return target

    def _next_hosts(self, best: Target) -> Bools:
        """Three quarters drawn by what they waste, the others in turn."""
        size = int(self._size)
        turn = math.ceil(size / 4)
        if len(self._left) < turn:
            self._left = self._chance.permutation(self._usable)
        hosts = np.zeros(self._problem.host_count, dtype=np.bool_)
        hosts[self._left[:turn]] = True
        self._left = self._left[turn:]
        waste = self._waste(best)[self._usable] + _LEAST_WASTE
        # the largest of these are a sample without replacement in proportion to the weights (Efraimidis, Spirakis 2006)
        keys = np.log(self._chance.random(len(waste))) / waste
        hosts[self._usable[np.argsort(-keys)[: size - turn]]] = True
        return hosts

    def _allowance(self, best: Target, hosts: Bools) -> int:
        """How many guests may move in all: what moves already, and a share of the rest for these hosts.

        Otherwise the first neighbourhoods would spend the whole budget, on whatever it buys there.
        """
        if self._most >= self._problem.vm_count:
            return self._most
        moved = self._problem.moved(best.place) & ~self._problem.disruption.exempt
        used = int(moved.sum())
        share = min(1.0, _MOVES_AHEAD * float(hosts.sum()) / len(self._usable))
        return min(self._most, used + math.ceil((self._most - used) * share))
