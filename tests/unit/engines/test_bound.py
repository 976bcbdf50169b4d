"""Bounds by hand: small clusters where the right number can be told by counting."""

from __future__ import annotations

from dataclasses import replace

from tests.support.cluster import DOWN, policy, snapshot, vm
from tests.support.targets import problem_of
from trimtab_solver.engines.bounds.bound import Bounds, aggregated_bounds
from trimtab_solver.engines.relaxation.aggregation import relax
from trimtab_solver.policy.documents import Selector, Spec
from trimtab_solver.problem import Problem
from trimtab_solver.rules.pin import Pin
from trimtab_solver.rules.separate import Separate
from trimtab_solver.rules.spread import Spread
from trimtab_solver.snapshot import HostState, Snapshot

_ONE_HOST = {2: DOWN, 3: DOWN, 4: DOWN}
_TWO_HOSTS = {3: DOWN, 4: DOWN}


def _problem(found: Snapshot, **rules: Spec) -> Problem:
    return problem_of(found, policy(**rules))


def _bounds(problem: Problem, values: tuple[int, ...] | None = None) -> dict[str, int]:
    return dict(zip(problem.level_names, aggregated_bounds(problem, values), strict=True))


def test_what_fits_nowhere_is_lost() -> None:
    """A Gold guest that is larger than every host counts; the room it cannot use is still there for Bronze."""
    guests = [*(vm(f"b{n}") for n in range(4)), vm("g", tier="gold", requested={"memory_mib": 99})]
    bounds = _bounds(_problem(snapshot(guests, _ONE_HOST)))
    assert (bounds["running:gold"], bounds["running:bronze"]) == (1, 0)


def test_what_is_too_much_in_all_is_lost() -> None:
    """Six Bronze guests of value 2 for four places: two are lost, and the level of stops has nothing to say."""
    bounds = _bounds(_problem(snapshot([vm(f"b{n}") for n in range(6)], _ONE_HOST)))
    assert (bounds["running:bronze"], bounds["stops"]) == (4, 0)


def test_half_a_guest_is_a_whole_one() -> None:
    """Room for two and a half guests on each of two hosts is room for four, not for five."""
    guests = [vm(f"b{n}", requested={"memory_mib": 16}) for n in range(5)]
    assert _bounds(_problem(snapshot(guests, _TWO_HOSTS)))["running:bronze"] == 2


def test_gold_that_has_to_run_costs_bronze_and_a_stop() -> None:
    """On a full host a Gold guest takes the place of one Bronze guest; given that loss, one guest has to be stopped."""
    guests = [*(vm(f"b{n}", "h1") for n in range(4)), vm("g", tier="gold")]
    problem = _problem(snapshot(guests, _ONE_HOST))
    bounds = _bounds(problem, (0, 2, 0, 2, 0, 0, 0, 0))
    assert (bounds["running:gold"], bounds["running:bronze"], bounds["stops"]) == (0, 2, 2)


def test_a_rank_above_that_may_lose_more_leaves_more_below() -> None:
    """If Gold may stay down, Bronze need not make way for it."""
    guests = [*(vm(f"b{n}", "h1") for n in range(4)), vm("g", tier="gold")]
    problem = _problem(snapshot(guests, _ONE_HOST))
    assert _bounds(problem, (1, 9, 0, 9, 0, 0, 0, 0))["running:bronze"] == 0


def test_shrinkage_is_what_lacks_in_all() -> None:
    """Five Silver guests of 10 on a host with 40: ten units at cost 3, when all of them run."""
    guests = [*(vm(f"s{n}", "h1", "silver") for n in range(4)), vm("s4", tier="silver")]
    problem = _problem(snapshot(guests, _ONE_HOST))
    assert _bounds(problem, (0, 0, 0, 99, 0, 0, 0))["shrinkage"] == 30


def test_a_breach_that_nothing_can_mend_is_counted_once() -> None:
    """A Gold guest pinned to a host that is down can only stay where it breaks the rule."""
    rule = Pin(select=Selector(ids=("g",)), hosts=Selector(ids=("h2",)))
    problem = _problem(snapshot([vm("g", "h1", "gold")], {2: DOWN}), pin=rule)
    assert _bounds(problem)["inherited"] == 1


def test_a_guest_that_must_leave_its_host_costs_its_move() -> None:
    """Gold on a draining host: where no breach may be left it moves, which costs its memory."""
    problem = _problem(snapshot([vm("g", "h1", "gold")], {1: {"state": HostState.DRAINING}}))
    bounds = _bounds(problem, (0, 0, 0, 0, 0, 10, 0))
    assert bounds["disruption"] == 10


def test_a_group_with_too_few_domains_is_crowded_out() -> None:
    """Three Bronze guests, at most one per site, two sites: one of value 2 is lost, though there is room for all."""
    rule = Spread(select=Selector(cel="true"), topology="site", max_per_domain=1)
    assert _bounds(_problem(snapshot([vm(f"b{n}") for n in range(3)]), spread=rule))["running:bronze"] == 2


def test_sets_that_exclude_each_other_in_the_last_domain_lose_the_cheaper_one() -> None:
    """With one site left, either the two guests of a or the one of b stay down."""
    sides = (Selector(ids=("a1", "a2")), Selector(ids=("b1",)))
    rule = Separate(between=sides, topology="site")
    problem = _problem(snapshot([vm("a1"), vm("a2"), vm("b1")], _TWO_HOSTS), separate=rule)
    assert _bounds(problem)["running:bronze"] == 2


def test_equal_guests_and_hosts_are_counted_not_listed() -> None:
    """Forty equal guests on two equal hosts are one kind on one type of host."""
    guests = [vm(f"b{n}", requested={"memory_mib": 1}) for n in range(40)]
    relaxation = relax(_problem(snapshot(guests, _TWO_HOSTS)))
    assert relaxation.mask.shape == (1, 2)
    assert relaxation.mask.sum() == 1
    assert relaxation.waiting.tolist() == [40]


def _tightened(problem: Problem, values: tuple[int, ...], moves: int) -> tuple[int, ...]:
    """The bounds with a budget of moves, after as many iterations as it takes."""
    bounds = Bounds(replace(problem, disruption=replace(problem.disruption, budget=moves)))
    while bounds.tighten(values, 10):
        pass
    return bounds.given(values)


def test_hosts_hold_whole_guests() -> None:
    """Guests of 30, 30 and 20 would fill two hosts of 40 if they were cut in pieces: whole, one of value 2 is lost."""
    sizes = {"b0": 30, "b1": 30, "b2": 20}
    found = snapshot([vm(name, requested={"memory_mib": size}) for name, size in sizes.items()], _TWO_HOSTS)
    values = (2, 0, 0, 0, 0, 0, 0)
    assert aggregated_bounds(_problem(found), values)[0] == 0
    assert _tightened(_problem(found), values, moves=9)[0] == 2


def test_room_in_two_places_takes_a_move_to_be_one() -> None:
    """A guest as large as a host fits next to two half hosts of Gold once one of them has moved, and not before."""
    gold = {"memory_mib": 20}
    guests = [vm("g1", "h1", "gold", requested=gold), vm("g2", "h2", "gold", requested=gold)]
    found = snapshot([*guests, vm("b", requested={"memory_mib": 40})], _TWO_HOSTS)
    values = (0, 2, 0, 0, 0, 0, 0, 0)
    assert _tightened(_problem(found), values, moves=0)[1] == 2
    assert _tightened(_problem(found), values, moves=1)[1] == 0


def test_what_has_been_computed_for_worse_values_still_holds() -> None:
    """`known` computes nothing: it says zero at first, later what has been found for these or worse values."""
    guests = [*(vm(f"b{n}", "h1") for n in range(4)), vm("g", tier="gold")]
    bounds = Bounds(_problem(snapshot(guests, _ONE_HOST)))
    assert bounds.known((0, 2, 0, 2, 0, 0, 0, 0)) == (0, 0, 0, 0, 0, 0, 0, 0)
    bounds.given((0, 4, 0, 4, 0, 0, 0, 0))
    assert bounds.known((0, 2, 0, 2, 0, 0, 0, 0))[:2] == (0, 2)
