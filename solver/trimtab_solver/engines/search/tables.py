"""The problem as flat arrays for compiled kernels, with every level weighed into one energy.

Kernels take two tuples: `Tables` (what never changes during a search) and `State` (what does). Energies are
floats; they are exact as long as they are integers below 2^53, which the reassignment of a whole data centre still is.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from ...primitives.disruption import BOOT_COST
from ...primitives.encoding import Bools, Ints
from ...problem import Problem
from .group_rows import GroupLayout, GroupRows, group_rows, lay_out
from .rows import ABOVE, GUEST, HOST, OPTIONS, PEAK, RATIO, SHRINK, TERM, WISH, Floats, Records, Tables
from .weights import Weights, strict_weights

NO_BUDGET = 2**60

AnyArray = TypeVar("AnyArray", bound=npt.NDArray[Any])


class StrictTables:
    """The tables of a problem under strict weights, built when first asked for: who descends shares them.

    `before` are those of a problem that it was made from by an event: what both have in common is not built again.
    """

    def __init__(self, problem: Problem, before: StrictTables | None = None) -> None:
        self.problem, self._before = problem, before

    @cached_property
    def tables(self) -> Tables:
        """Under `strict_weights`."""
        return build_tables(self.problem, strict_weights(self.problem), self.layout)

    @cached_property
    def layout(self) -> GroupLayout:
        """What of them depends on the groups alone."""
        before, self._before = self._before, None
        if before is None or not self._is_laid_out_like(before.problem):
            return lay_out(self.problem)
        return before.layout

    def _is_laid_out_like(self, other: Problem) -> bool:
        problem = self.problem
        sizes = [(one.vm_count, one.host_count) for one in (problem, other)]
        return other.grouping is problem.grouping and sizes[0] == sizes[1]


def build_tables(problem: Problem, weights: Weights, layout: GroupLayout | None = None) -> Tables:
    """The tables of a problem under one set of weights; `layout` is that of its groups, if it is at hand."""
    disruption, capacity, balance = problem.disruption, problem.capacity, problem.imbalance
    unary_row, unary = _unary(problem, weights)
    rows = group_rows(problem, weights, layout)
    options = np.zeros(1, dtype=OPTIONS)
    options["inherited_weight"] = weights.inherited
    options["app_weight"] = disruption.group_weight * weights.disruption
    options["app_limit"] = disruption.group_limit or NO_BUDGET
    options["budget"] = min(NO_BUDGET, disruption.budget)
    options["is_rigid"] = bool((problem.floor == problem.upper).all())
    options["has_transient"] = bool(capacity.transient.any())
    options["has_peaks"] = bool(balance.peaks)
    terms, threshold = _balance(problem, weights)
    tables = Tables(
        guests=_guests(problem, weights, unary_row, rows),
        sizes=np.stack(
            [
                problem.floor,
                problem.upper,
                np.where(problem.running[:, None], problem.allocated, 0),
                capacity.backed.astype(np.int64),
            ],
            axis=1,
        ),
        hosts=_hosts(problem, weights),
        rooms=np.stack([capacity.factor[:, :, 0], capacity.factor[:, :, 1], capacity.limit, capacity.ceiling], axis=1),
        held=capacity.held.copy(),
        mask=problem.allowed.mask.astype(np.uint8),
        unary=unary,
        wishes=_wishes(problem, weights),
        pair=np.asarray(disruption.pair_cost * weights.disruption, dtype=np.float64),
        transient=capacity.transient.astype(np.uint8),
        terms=terms,
        threshold=threshold,
        shrink=_shrink(problem, weights),
        groups=rows.groups,
        domain=rows.domain,
        start=rows.start,
        members=rows.members,
        shares=rows.shares,
        options=options,
    )
    return Tables._make(read_only(array) for array in tables)


def read_only(array: AnyArray) -> AnyArray:
    """The same data, not to be written to through this array."""
    view = array.view()
    view.setflags(write=False)
    return view


def with_guests(tables: Tables, **columns: Ints | Floats) -> Tables:
    """The same tables but for some columns [V] of the guests."""
    guests = tables.guests.copy()
    for name, values in columns.items():
        guests[name] = values
    return tables._replace(guests=read_only(guests))


def without_arrivals(tables: Tables, who: Bools) -> Tables:
    """The same tables but that the guests `who` [V] go to no other host, though they may go down."""
    # one more kind of guests, which may arrive nowhere
    kind = np.where(who, len(tables.mask), tables.guests["kind"])
    mask = np.vstack([tables.mask, np.zeros_like(tables.mask[:1])])
    return with_guests(tables, kind=kind)._replace(mask=read_only(mask))


def _guests(problem: Problem, weights: Weights, unary_row: Ints, rows: GroupRows) -> Records:
    disruption, running = problem.disruption, problem.running
    of_tier = np.array([weights.running.get(tier.rank, 0.0) for tier in problem.tiers])
    guests = np.zeros(problem.vm_count, dtype=GUEST)
    guests["current"] = problem.current
    guests["kind"] = problem.allowed.class_of
    guests["tier"] = problem.tier
    guests["app"] = disruption.group
    guests["fellow"] = rows.fellows()
    guests["sized"] = _by_size(problem)
    guests["by_size"][guests["sized"]] = np.arange(problem.vm_count)
    guests["unary_row"] = unary_row[problem.allowed.class_of]
    guests["wish_cost"] = problem.attraction.base * weights.should
    guests["first_wish"] = problem.attraction.start[:-1]
    guests["last_wish"] = problem.attraction.start[1:]
    guests["first_member"] = rows.pointer[:-1]
    guests["last_member"] = rows.pointer[1:]
    guests["down_cost"] = problem.tier_values("value") * of_tier[problem.tier]
    guests["stop_cost"] = np.where(running, problem.tier_values("eviction_cost"), 0) * weights.stops
    guests["move_cost"] = disruption.move_cost * weights.disruption
    guests["may_be_down"] = ~running | problem.evictable
    guests["may_move"] = (running | problem.startable) & ~problem.fixed
    guests["live"] = disruption.live
    guests["cold"] = disruption.cold
    guests["exempt"] = disruption.exempt
    return guests


def _by_size(problem: Problem) -> Ints:
    """Guests [V] by the largest share that they take of what an average host has of any resource."""
    average = np.maximum(problem.capacity.limit.sum(axis=0) / max(1, problem.host_count), 1.0)
    return np.argsort((problem.upper / average).max(axis=1, initial=0.0), kind="stable").astype(np.int64)


def _hosts(problem: Problem, weights: Weights) -> Records:
    disruption = problem.disruption
    hosts = np.zeros(problem.host_count, dtype=HOST)
    hosts["generation"] = disruption.generation
    hosts["pair_class"] = disruption.pair_class
    hosts["receives"] = problem.receiving
    hosts["boot_cost"] = disruption.spare * (BOOT_COST * weights.disruption)
    return hosts


def _unary(problem: Problem, weights: Weights) -> tuple[Ints, Floats]:
    """Row per class (-1: costs nothing anywhere), and the rows."""
    energy = problem.allowed.breach * weights.inherited + problem.allowed.penalty * weights.should
    worth = np.flatnonzero((energy != 0).any(axis=1))
    row = np.full(len(energy), -1, dtype=np.int64)
    row[worth] = np.arange(len(worth))
    return row, np.ascontiguousarray(energy[worth], dtype=np.float64)


def _wishes(problem: Problem, weights: Weights) -> Records:
    """What the wishes of a guest cost on each host that one of them lists."""
    attraction = problem.attraction
    wishes = np.zeros(len(attraction.cell), dtype=WISH)
    wishes["host"] = attraction.host
    wishes["energy"] = (attraction.base[attraction.guest] - attraction.gain) * weights.should
    return wishes


def _balance(problem: Problem, weights: Weights) -> tuple[Records, Ints]:
    balance, weight = problem.imbalance, weights.balance
    rows = [
        *((ABOVE, a.resource, 0, 0, a.weight * weight) for a in balance.above),
        *((RATIO, b.left, b.right, b.target, b.weight * weight) for b in balance.ratios),
        *((PEAK, p.resource, 0, 0, p.weight * weight) for p in balance.peaks),
    ]
    threshold = np.zeros((len(rows), problem.host_count), dtype=np.int64)
    for i, above in enumerate(balance.above):
        threshold[i] = above.threshold
    return np.array(rows, dtype=TERM), threshold


def _shrink(problem: Problem, weights: Weights) -> Records:
    """Tiers, those that give most cheaply first."""
    cost = np.array([tier.shrink_cost for tier in problem.tiers], dtype=np.int64)
    shrink = np.zeros(len(cost), dtype=SHRINK)
    shrink["tier"] = np.argsort(cost, kind="stable")
    shrink["weight"] = cost[shrink["tier"]] * weights.shrinkage
    return shrink
