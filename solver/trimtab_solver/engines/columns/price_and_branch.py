"""Assembly: hosts get whole contents that fit together, chosen at prices that say what is scarce.

Local search changes a guest or two at a time. Where hosts hold few guests, a host is only filled well by other guests
than it has, several at once; and which ones depends on what all others do with theirs. Prices settle that: contents
are made that are best at prices near the best ones (`generation`), and one is chosen for each host (`rounding`), so
that nearly nothing is lost against the bound (the price-and-branch of column generation; the few hosts with several
contents in the optimal mixture are no more than there are kinds of guests: L. S. Shapley and J. H. Folkman, see
R. M. Starr, "Quasi-equilibria in markets with non-convex preferences", Econometrica 37, 1969). Rules about groups are
not looked at before guests take their places.
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
from ..relaxation.pricing import Market, Prices, find_prices
from ..search.construct import bring_up
from ..search.slots import fill_slots, leave, send_home
from ..search.state import new_state
from ..search.tables import build_tables
from ..search.weights import soft_weights
from .generation import HostBound
from .partition import Share, deal
from .pricing import Contents, Floats
from .rounding import choose

_ITERATIONS = 60
"""Prices looked at per share at the most."""
_ENOUGH = 0.1
"""When other prices promise no more than this for a share, contents are chosen."""
_AGREED = (1.0, 0.9, 0.75)
"""Quantiles over the shares' prices that are looked at for all hosts: where a share has nobody of a kind, nothing keeps
that price up, so the high ones are those that mean something."""
_TOLERABLE = 0.1
"""Whoever's mixture costs this part more than the bound when the time is up has no prices worth choosing by."""
_CHOICE_UNITS = 1.0
"""Of CP-SAT's own time, for the contents of one share: about as many seconds."""
_CHOICE_SHARE = 0.3
"""Of the time of a share, what is kept for choosing."""


@dataclass(frozen=True, slots=True)
class AssemblyOptions:
    """What an assembly may use: until `deadline`, or with `iterations` so many prices.

    With `iterations` alone, per worker, the clock does not count.
    """

    deadline: Deadline
    iterations: int | None = None
    seed: int = 0
    workers: int = 1
    share_hosts: int = 500
    """Hosts of one share, about: with more, programs take longer than they bring."""


@dataclass(frozen=True, slots=True)
class Assembly:
    """A target, and `prices` [P] of kinds, moves and limits that are likely to prove much of the whole market."""

    target: Target
    prices: tuple[Floats, ...]


@dataclass(frozen=True, slots=True)
class _Chosen:
    """What hosts of a share hold: slots `host`, `kind`, `number` [A], and guests that go, or are stopped."""

    host: Ints
    kind: Ints
    number: Ints
    goers: Ints
    stopped: Ints


def assemble(problem: Problem, market: Market, options: AssemblyOptions, stop: threading.Event) -> Assembly | None:
    """A target that loses little of what `market` counts; None when there is none, or no time.

    The target is valid, but nothing is known of what it is worth.
    """
    shares = deal(market, max(1, round(len(market.relaxation.room) / options.share_hosts)))
    workers = min(max(1, options.workers), len(shares))
    first = find_prices(market)
    chosen: list[_Chosen] = []
    prices: list[Floats] = []
    with ThreadPoolExecutor(workers, thread_name_prefix="assembly") as pool:
        for n in range(0, len(shares), workers):
            # who comes later begins at the prices of those before, whoever of them was faster
            near = np.max(prices, axis=0) if prices else None
            fill = partial(_fill, first, near, _limits(options, n, len(shares), workers), stop)
            found = list(pool.map(fill, shares[n : n + workers]))
            if stop.is_set() or any(one is None for one in found):
                return None
            chosen += [one[0] for one in found if one is not None]
            prices += [one[1] for one in found if one is not None]
    place = _settle_in(problem, market, chosen, options.seed)
    if place is None:
        return None
    at = place.astype(np.int32)
    agreed = tuple(np.quantile(prices, q, axis=0, method="nearest") for q in _AGREED)
    return Assembly(Target(at, fit_sizes(problem, at)), agreed)


@dataclass(frozen=True, slots=True)
class _Limits:
    """What one share may use: prices are looked at so often, until then, and contents chosen for so many seconds."""

    iterations: int
    until: Deadline
    choice_s: float
    seed: int


def _limits(options: AssemblyOptions, done: int, shares: int, workers: int) -> _Limits:
    """Of what is left when so many shares are done; the first ones know no good prices, and get three times as much."""
    iterations = _ITERATIONS
    if options.iterations is not None:
        iterations = max(1, min(iterations, options.iterations * workers // shares))
    if options.deadline.is_never:
        return _Limits(iterations, NEVER, np.inf, options.seed)
    waves = -(-(shares - done) // workers)
    share_s = max(0.0, options.deadline.left_s) / (waves if done else (waves + 2) / 3)
    return _Limits(iterations, Deadline.after((1.0 - _CHOICE_SHARE) * share_s), _CHOICE_SHARE * share_s, options.seed)


def _fill(
    first: Prices, near: Floats | None, limits: _Limits, stop: threading.Event, share: Share
) -> tuple[_Chosen, Floats] | None:
    """What the hosts of a share hold, and the prices it was found with; None when there was no time for good ones."""
    bound = HostBound(share.market, first, near)
    for _ in range(limits.iterations):
        if bound.gap <= _ENOUGH or limits.until.is_over or stop.is_set():
            break
        bound.improve(1)
    if bound.gap > _ENOUGH and not bound.is_within(_TOLERABLE):
        return None
    found = choose(bound, _CHOICE_UNITS, limits.choice_s, limits.seed)
    return None if found is None else (_named(share, bound, *found), bound.prices[: bound.valuer.split[1]])


def _named(share: Share, bound: HostBound, contents: Contents, stops: Ints) -> _Chosen:
    """Contents with the numbers that hosts and guests have in the problem."""
    relaxation, packing, sorts = share.market.relaxation, bound.valuer.packing, bound.master.sorts
    sort = sorts.of[contents.goer]
    stopped = contents.stopped & (sort < 0)
    for n, count in enumerate(stops.tolist()):
        # any of a sort may be stopped, whichever are left go elsewhere
        stopped[np.flatnonzero(sort == n)[:count]] = True
    guests = relaxation.resident[packing.resident[contents.goer]]
    return _Chosen(
        share.hosts[contents.host[contents.arrival_of]],
        contents.kind,
        contents.number,
        guests[~stopped],
        guests[stopped],
    )


def _settle_in(problem: Problem, market: Market, chosen: list[_Chosen], seed: int) -> Ints | None:
    """Who goes down, then who takes which slot; the placement, or None where somebody is down who may not be."""
    tables = build_tables(problem, soft_weights(problem))
    state = new_state(problem, tables, problem.current, seed)
    goers = np.sort(np.concatenate([one.goers for one in chosen]))
    stopped = np.sort(np.concatenate([one.stopped for one in chosen]))
    leave(tables, state, np.concatenate([stopped, goers]))
    host = np.concatenate([np.repeat(one.host, one.number) for one in chosen])
    kind = np.concatenate([np.repeat(one.kind, one.number) for one in chosen])
    rank, bulk = _bulk(problem, market)
    order = np.lexsort((host, kind, -bulk[kind], -rank[kind]))
    # those that left come first, those to be stopped last
    turn = np.full(problem.vm_count, 1)
    turn[goers], turn[stopped] = 0, 2
    pool = np.flatnonzero(~problem.running | (turn != 1))
    kinds = market.relaxation.kind_of[pool]
    pool = pool[np.lexsort((pool, turn[pool], kinds))]
    start = np.searchsorted(np.sort(kinds), np.arange(len(market.relaxation.tier) + 1))
    fill_slots(tables, state, host[order], kind[order], start, pool)
    send_home(tables, state, np.concatenate([goers, stopped]))
    down = np.asarray(state.guest["place"] < 0)
    bring_up(problem, tables, state, down, np.zeros(0, dtype=np.int64))
    place = np.ascontiguousarray(state.guest["place"])
    return None if ((place < 0) & problem.running & ~problem.evictable).any() else place


def _bulk(problem: Problem, market: Market) -> tuple[Ints, Floats]:
    """Rank of each kind, and how large it is in shares of all [K]."""
    relaxation = market.relaxation
    totals = np.maximum(relaxation.room.sum(axis=0), 1)
    ranks = np.array([tier.rank for tier in problem.tiers], dtype=np.int64)
    return ranks[relaxation.tier], (relaxation.floor / totals).max(axis=1, initial=0.0)
