"""Price-and-branch: columns are generated at the root (`generation`), then whole ones are chosen (`rounding`).

Local search changes a guest or two at a time. Where hosts hold few guests, a host is only filled well by other guests
than it has, several at once; and which ones depends on what all others do with theirs. A column is all that one host
holds, and prices decide which is worth it. Columns made at the root alone lose nearly nothing against the bound: hosts
with several columns in the optimal solution of the master are no more than there are kinds of guests (L. S. Shapley and
J. H. Folkman, see R. M. Starr, "Quasi-equilibria in markets with non-convex preferences", Econometrica 37, 1969). For
the field see M. E. Luebbecke and J. Desrosiers, "Selected topics in column generation", Operations Research 53, 2005.
Rules about groups are not looked at before guests take their places.
"""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

import numpy as np

from ...primitives.encoding import Ints
from ...problem import Problem, Target
from ...sizing import fit_sizes
from ..clock import NEVER, Deadline
from ..relaxation.dual import find_prices
from ..relaxation.lagrangian import DualPrices, Floats
from ..relaxation.relaxed_problem import RelaxedProblem
from ..search.construct import bring_up
from ..search.slots import fill_slots, leave, send_home
from ..search.state import new_state
from ..search.tables import build_tables
from ..search.weights import soft_weights
from .columns import Columns
from .generation import DantzigWolfeBound
from .partition import Part, partition
from .rounding import round_master

_ITERATIONS = 60
"""Rounds of column generation per part at the most."""
_ENOUGH = 0.1
"""When other prices promise no more than this for a part, columns are chosen."""
_AGREED = (1.0, 0.9, 0.75)
"""Quantiles over the prices of the parts that are looked at for all hosts: where a part has nobody of a kind, nothing
keeps that price up, so the high ones are those that mean something."""
_TOLERABLE = 0.1
"""A master that costs this share more than the bound when the time is up has no prices worth choosing by."""
_ROUNDING_UNITS = 1.0
"""Of CP-SAT's own time, for the columns of one part: about as many seconds."""
_ROUNDING_SHARE = 0.3
"""Of the time of a part, what is kept for rounding."""


@dataclass(frozen=True, slots=True)
class PriceAndBranchOptions:
    """What price-and-branch may use: until `deadline`, or with `iterations` so many rounds.

    With `iterations` alone, per worker, the clock does not count.
    """

    deadline: Deadline
    iterations: int | None = None
    seed: int = 0
    workers: int = 1
    part_hosts: int = 500
    """Hosts of one part, about: with more, programs take longer than they bring."""


@dataclass(frozen=True, slots=True)
class PricedTarget:
    """A target, and `prices` [P] of kinds, moves and limits that are likely to prove much for all hosts."""

    target: Target
    prices: tuple[Floats, ...]


@dataclass(frozen=True, slots=True)
class _Chosen:
    """What hosts of a part hold: slots `host`, `kind`, `number` [A], and guests that leave, or are stopped."""

    host: Ints
    kind: Ints
    number: Ints
    leavers: Ints
    stopped: Ints


def price_and_branch(
    problem: Problem, relaxed: RelaxedProblem, options: PriceAndBranchOptions, stop: threading.Event
) -> PricedTarget | None:
    """A target that loses little of what the goal of `relaxed` counts; None when there is none, or no time.

    The target is valid, but nothing is known of what it is worth.
    """
    parts = partition(relaxed, max(1, round(len(relaxed.relaxation.room) / options.part_hosts)))
    workers = min(max(1, options.workers), len(parts))
    first = find_prices(relaxed)
    chosen: list[_Chosen] = []
    prices: list[Floats] = []
    with ThreadPoolExecutor(workers, thread_name_prefix="columns") as pool:
        for n in range(0, len(parts), workers):
            # who comes later begins at the prices of those before, whoever of them was faster
            near = np.max(prices, axis=0) if prices else None
            solve_part = partial(_solve_part, first, near, _limits(options, n, len(parts), workers), stop)
            found = list(pool.map(solve_part, parts[n : n + workers]))
            if stop.is_set() or any(one is None for one in found):
                return None
            chosen += [one[0] for one in found if one is not None]
            prices += [one[1] for one in found if one is not None]
    place = _place_guests(problem, relaxed, chosen, options.seed)
    if place is None:
        return None
    at = place.astype(np.int32)
    agreed = tuple(np.quantile(prices, q, axis=0, method="nearest") for q in _AGREED)
    return PricedTarget(Target(at, fit_sizes(problem, at)), agreed)


@dataclass(frozen=True, slots=True)
class _Limits:
    """What one part may use: so many rounds of column generation, until then, and so many seconds for rounding."""

    iterations: int
    until: Deadline
    rounding_s: float
    seed: int


def _limits(options: PriceAndBranchOptions, done: int, parts: int, workers: int) -> _Limits:
    """Of what is left when so many parts are done; the first ones know no good prices, and get three times as much."""
    iterations = _ITERATIONS
    if options.iterations is not None:
        iterations = max(1, min(iterations, options.iterations * workers // parts))
    if options.deadline.is_never:
        return _Limits(iterations, NEVER, np.inf, options.seed)
    waves = -(-(parts - done) // workers)
    part_s = max(0.0, options.deadline.left_s) / (waves if done else (waves + 2) / 3)
    return _Limits(iterations, Deadline.after((1.0 - _ROUNDING_SHARE) * part_s), _ROUNDING_SHARE * part_s, options.seed)


def _solve_part(
    first: DualPrices, near: Floats | None, limits: _Limits, stop: threading.Event, part: Part
) -> tuple[_Chosen, Floats] | None:
    """What the hosts of a part hold, and the prices it was found with; None when there was no time for good ones."""
    bound = DantzigWolfeBound(part.relaxed, first, near)
    for _ in range(limits.iterations):
        if bound.gap <= _ENOUGH or limits.until.is_over or stop.is_set():
            break
        bound.improve(1)
    if bound.gap > _ENOUGH and not bound.is_within(_TOLERABLE):
        return None
    found = round_master(bound, _ROUNDING_UNITS, limits.rounding_s, limits.seed)
    return None if found is None else (_named(part, bound, *found), bound.prices[: bound.pricing.split[1]])


def _named(part: Part, bound: DantzigWolfeBound, columns: Columns, stops: Ints) -> _Chosen:
    """Columns with the numbers that hosts and guests have in the problem."""
    relaxation, knapsacks, classes = part.relaxed.relaxation, bound.pricing.knapsacks, bound.master.classes
    of_class = classes.of[columns.leaver]
    stopped = columns.stopped & (of_class < 0)
    for n, count in enumerate(stops.tolist()):
        # any of a class may be stopped, whichever are left go elsewhere
        stopped[np.flatnonzero(of_class == n)[:count]] = True
    guests = relaxation.resident[knapsacks.resident[columns.leaver]]
    return _Chosen(
        part.hosts[columns.host[columns.arrival_of]],
        columns.kind,
        columns.number,
        guests[~stopped],
        guests[stopped],
    )


def _place_guests(problem: Problem, relaxed: RelaxedProblem, chosen: list[_Chosen], seed: int) -> Ints | None:
    """Who goes down, then who takes which slot; the placement, or None where somebody is down who may not be."""
    tables = build_tables(problem, soft_weights(problem))
    state = new_state(problem, tables, problem.current, seed)
    leavers = np.sort(np.concatenate([one.leavers for one in chosen]))
    stopped = np.sort(np.concatenate([one.stopped for one in chosen]))
    leave(tables, state, np.concatenate([stopped, leavers]))
    host = np.concatenate([np.repeat(one.host, one.number) for one in chosen])
    kind = np.concatenate([np.repeat(one.kind, one.number) for one in chosen])
    rank, size = _largest_first(problem, relaxed)
    order = np.lexsort((host, kind, -size[kind], -rank[kind]))
    # those that left come first, those to be stopped last
    turn = np.full(problem.vm_count, 1)
    turn[leavers], turn[stopped] = 0, 2
    pool = np.flatnonzero(~problem.running | (turn != 1))
    kinds = relaxed.relaxation.kind_of[pool]
    pool = pool[np.lexsort((pool, turn[pool], kinds))]
    start = np.searchsorted(np.sort(kinds), np.arange(len(relaxed.relaxation.tier) + 1))
    fill_slots(tables, state, host[order], kind[order], start, pool)
    send_home(tables, state, np.concatenate([leavers, stopped]))
    down = np.asarray(state.guest["place"] < 0)
    bring_up(problem, tables, state, down, np.zeros(0, dtype=np.int64))
    place = np.ascontiguousarray(state.guest["place"])
    return None if ((place < 0) & problem.running & ~problem.evictable).any() else place


def _largest_first(problem: Problem, relaxed: RelaxedProblem) -> tuple[Ints, Floats]:
    """Rank of each kind, and how large it is in shares of all [K]."""
    relaxation = relaxed.relaxation
    totals = np.maximum(relaxation.room.sum(axis=0), 1)
    ranks = np.array([tier.rank for tier in problem.tiers], dtype=np.int64)
    return ranks[relaxation.tier], (relaxation.floor / totals).max(axis=1, initial=0.0)
