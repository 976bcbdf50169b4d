"""Annealing at prices of room, by hand: what room is worth, prices of moves, large guests for small ones."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.support.cluster import DOWN, policy, snapshot, vm
from tests.support.targets import problem_of
from trimtab_solver.engines.bounds.bound import Bounds
from trimtab_solver.engines.room_prices import RoomPrices, price_room
from trimtab_solver.engines.search.construct import bring_up
from trimtab_solver.engines.search.fragmentation import price_whole_room
from trimtab_solver.engines.search.room_pricing import exchange_by_heads, loss_weights, start_room_pricing
from trimtab_solver.engines.search.state import new_state, prices_of
from trimtab_solver.engines.search.tables import build_tables, with_guests, without_arrivals
from trimtab_solver.engines.search.weights import soft_weights
from trimtab_solver.policy.documents import Selector
from trimtab_solver.problem import NOWHERE, Problem
from trimtab_solver.rules.spread import Spread


def _crowded() -> Problem:
    """One host of 40 is full of a Bronze guest; three that are small wait, and one as large as the host."""
    large, small = {"memory_mib": 40}, {"memory_mib": 10}
    guests = [
        vm("large", "h1", requested=large),
        *(vm(f"s{n}", requested=small) for n in range(3)),
        vm("l", requested=large),
    ]
    return problem_of(snapshot(guests, {2: DOWN, 3: DOWN, 4: DOWN}), policy())


def test_guests_are_worth_their_room() -> None:
    """The dual price of room makes a guest of a quarter of the size worth a quarter."""
    problem = _crowded()
    found = price_room(problem, Bounds(problem), problem.evaluate(problem.stay()))
    assert found is not None
    assert found.rank == min(problem.ranks)
    size = dict(zip(problem.vm_ids, found.worth.tolist(), strict=True))
    assert size["s0"] == pytest.approx(size["l"] / 4, rel=1e-6)
    assert size["l"] == pytest.approx(2.0, rel=1e-6), "as much as is lost with a Bronze guest"


def test_nothing_is_worth_anything_where_all_can_run() -> None:
    """With room for everybody there is no shortage to price."""
    problem = problem_of(snapshot([vm("a", requested={"memory_mib": 10})]), policy())
    assert price_room(problem, Bounds(problem), problem.evaluate(problem.stay())) is None


def test_one_large_guest_goes_down_for_several_small_ones() -> None:
    """By heads three small ones are worth more than the large one in whose room they fit."""
    problem = _crowded()
    tables = build_tables(problem, soft_weights(problem))
    state = new_state(problem, tables, problem.current, seed=1)
    exchange_by_heads(tables, state, problem.floor[:, 0] / 40)
    up = {problem.vm_ids[v] for v in np.flatnonzero(state.guest["place"] >= 0)}
    assert up == {"s0", "s1", "s2"}


def test_a_large_guest_stays_where_only_one_small_one_may_come() -> None:
    """There is room for all three, but they are kept apart: the exchange is undone to the last figure."""
    guests = [vm("large", "h1", requested={"memory_mib": 40})]
    guests += [vm(f"s{n}", requested={"memory_mib": 10}, labels={"app": "web"}) for n in range(3)]
    apart = Spread(select=Selector(match_labels={"app": "web"}), topology="rack", max_per_domain=1)
    problem = problem_of(snapshot(guests, {2: DOWN, 3: DOWN, 4: DOWN}), policy(apart=apart))
    tables = build_tables(problem, soft_weights(problem))
    state = new_state(problem, tables, problem.current, seed=1)
    before = state.guest["place"].tolist()
    energy, load = float(state.totals["energy"][0]), state.load.copy()
    exchange_by_heads(tables, state, problem.floor[:, 0] / 40)
    assert state.guest["place"].tolist() == before
    assert state.totals["energy"][0] == energy
    assert (state.load == load).all()


def test_who_could_not_leave_is_looked_at_again_once_a_neighbour_left() -> None:
    """Two small ones in the place of a large one leave a rest, which is what a third and a fourth lacked."""
    guests = [vm("mid", "h1", requested={"memory_mib": 15}), vm("large", "h1", requested={"memory_mib": 25})]
    guests += [vm(f"s{n}", requested={"memory_mib": 10}) for n in range(4)]
    problem = problem_of(snapshot(guests, {2: DOWN, 3: DOWN, 4: DOWN}), policy())
    worth = np.array([{"mid": 2.0, "large": 3.9}.get(name, 1.0) for name in problem.vm_ids])
    tables = build_tables(problem, soft_weights(problem))
    state = new_state(problem, tables, problem.current, seed=1)
    exchange_by_heads(tables, state, worth)
    up = {problem.vm_ids[v] for v in np.flatnonzero(state.guest["place"] >= 0)}
    assert up == {"s0", "s1", "s2", "s3"}


def test_the_price_of_moves_falls_until_the_budget_is_used() -> None:
    """Cheaper while fewer are made than the budget allows by now, dearer when more; never before it is cold."""
    problem = _crowded()
    problem = replace(problem, disruption=replace(problem.disruption, budget=4))
    tables = build_tables(problem, loss_weights(soft_weights(problem)))
    room = RoomPrices(problem.ranks[-1], problem.floor[:, 0] / 40)
    pricing = start_room_pricing(problem, tables, room, by_heads=0.0)
    state = new_state(problem, pricing.tables, problem.current, 1, pricing.prices)
    first = pricing.move_price
    pricing.adjust(state, 0.1)
    assert pricing.move_price == first
    pricing.adjust(state, 0.4)
    lower = pricing.move_price
    assert lower < first
    assert (state.guest["move_price"] == lower).all()
    state.totals["counted"] = 5
    pricing.adjust(state, 0.45)
    assert lower < pricing.move_price <= first


def test_room_pricing_leaves_nobody_of_a_high_rank_down() -> None:
    """Worth tells no ranks apart; before heads count again, Silver takes its room from Bronze."""
    guests = [vm(f"b{n}", "h1") for n in range(4)] + [vm("s", tier="silver")]
    problem = problem_of(snapshot(guests, {2: DOWN, 3: DOWN, 4: DOWN}), policy())
    tables = build_tables(problem, soft_weights(problem))
    state = new_state(problem, tables, problem.current, seed=1)
    bring_up(problem, tables, state, problem.tier_values("rank") > min(problem.ranks), np.zeros(0, dtype=np.int64))
    assert state.guest["place"][problem.vm_ids.index("s")] == 0
    assert (state.guest["place"] < 0).sum() == 1


def test_a_search_writes_to_no_table() -> None:
    """Prices change in the state alone; the tables of a search, and those made from them, refuse to be written to."""
    problem = _crowded()
    tables = build_tables(problem, soft_weights(problem))
    stuck = without_arrivals(with_guests(tables, down_cost=np.ones(problem.vm_count)), problem.running)
    assert not [name for made in (tables, stuck) for name, array in made._asdict().items() if array.flags.writeable]
    nowhere = np.full(problem.vm_count, NOWHERE)
    state = new_state(problem, stuck, nowhere, seed=1)
    price_whole_room(stuck, state, 2.0)
    again = new_state(problem, stuck, nowhere, 1, prices_of(state))
    assert again.host["energy"].tolist() == state.host["energy"].tolist()
    assert (again.host["energy"] < new_state(problem, stuck, nowhere, 1).host["energy"]).any()
