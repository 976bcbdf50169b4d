"""What an annealing proposes: peers by size, and ways home that need two or three guests to move at once."""

from __future__ import annotations

import numpy as np
import pytest

from tests.support.cluster import DOWN, policy, snapshot, vm
from tests.support.targets import problem_of
from trimtab_solver.engines.search import SearchOptions, search
from trimtab_solver.engines.search.anneal import anneal
from trimtab_solver.engines.search.rows import BRING_UP, HOME, PEER, SWAP, TRADE, Floats
from trimtab_solver.engines.search.state import new_state
from trimtab_solver.engines.search.tables import build_tables
from trimtab_solver.engines.search.weights import soft_weights
from trimtab_solver.policy.documents import Selector
from trimtab_solver.problem import Problem
from trimtab_solver.rules.action_budget import ActionBudget
from trimtab_solver.rules.spread import Spread

HALF, FULL = {"memory_mib": 20}, {"memory_mib": 40}


KINDS = {"bring_up": BRING_UP, "home": HOME, "swap": SWAP, "trade": TRADE, "peer": PEER}


def _descended(problem: Problem, places: list[str], **shares: float) -> list[str]:
    """Host of each guest after a thousand proposals of the named kinds, none of which may cost anything."""
    hosts = list(problem.host_ids)
    places_of = [hosts.index(place) if place else -1 for place in places]
    mix: Floats = np.zeros(8)
    for name, share in shares.items():
        mix[KINDS[name]] = share
    tables = build_tables(problem, soft_weights(problem))
    state = new_state(problem, tables, np.array(places_of), seed=1)
    best, energy = state.guest["place"].copy(), np.array([state.totals["energy"][0]])
    anneal(tables, state, best, energy, mix, 1000, 0.0)
    return [hosts[h] if h >= 0 else "" for h in best]


def test_two_that_fill_each_others_hosts_go_home_together() -> None:
    """Neither has room at home before the other one leaves."""
    guests = [vm("a", "h1", requested=FULL), vm("b", "h2", requested=FULL)]
    problem = problem_of(snapshot(guests, {3: DOWN, 4: DOWN}), policy())
    assert _descended(problem, ["h2", "h1"], home=1.0) == ["h1", "h2"]


def test_two_of_a_group_change_places_though_they_may_never_be_together() -> None:
    """At most one of the group per rack: each takes the other's place in the count as well, so no rule is broken."""
    guests = [vm("a", "h1", requested=FULL), vm("b", "h2", requested=FULL)]
    apart = Spread(select=Selector(cel="true"), topology="rack", max_per_domain=1)
    problem = problem_of(snapshot(guests, {3: DOWN, 4: DOWN}), policy(apart=apart))
    assert _descended(problem, ["h2", "h1"], home=1.0) == ["h1", "h2"]


def test_who_makes_way_for_a_guest_goes_home_as_well() -> None:
    """The one in the way has a home on a third host, where there is room: one chain brings both home."""
    guests = [vm("a", "h1", requested=FULL), vm("b", "h3", requested=HALF), vm("c", "h3", requested=HALF)]
    problem = problem_of(snapshot(guests), policy())
    assert _descended(problem, ["h2", "h1", "h3"], home=1.0) == ["h1", "h3", "h3"]


def test_peers_are_those_of_about_the_same_size() -> None:
    """The order of size is by the largest share of any resource, and a swap of peers puts two of one size right."""
    sizes = {"large": 30, "small": 5, "medium": 20, "other": 20}
    hosts = {"large": "h3", "small": "h3", "medium": "h1", "other": "h2"}
    guests = [vm(name, hosts[name], requested={"memory_mib": size}) for name, size in sizes.items()]
    problem = problem_of(snapshot(guests), policy())
    tables = build_tables(problem, soft_weights(problem))
    ordered = [problem.vm_ids[v] for v in tables.guests["sized"]]
    assert ordered == ["small", *(vm_id for vm_id in problem.vm_ids if vm_id in ("medium", "other")), "large"]
    assert [int(tables.guests["by_size"][v]) for v in tables.guests["sized"]] == [0, 1, 2, 3]
    swapped = {"large": "h3", "small": "h3", "medium": "h2", "other": "h1"}
    places = [swapped[vm_id] for vm_id in problem.vm_ids]
    found = _descended(problem, places, swap=1.0, peer=1.0)
    assert found == [hosts[vm_id] for vm_id in problem.vm_ids]


@pytest.mark.parametrize("trade", [0.0, 1.0])
def test_who_is_stopped_leaves_nothing_behind(trade: float) -> None:
    """Resources held at both ends are held by those that move, so Gold gets the room of a guest that goes down."""
    guests = [vm("b", "h1", requested=FULL), vm("g", tier="gold", requested=FULL)]
    found = snapshot(guests, {2: DOWN, 3: DOWN, 4: DOWN})
    problem = problem_of(found, policy(budget=ActionBudget(held_at_both_ends=("memory_mib",))))
    assert _descended(problem, ["h1", ""], bring_up=1.0, trade=trade) == ["", "h1"]


def test_who_is_stuck_may_go_down_and_nowhere_else() -> None:
    """Gold needs a whole host. One of two could go to the other's, if their moves had not proved impossible."""
    guests = [vm("a", "h1", requested=HALF), vm("b", "h2", requested=HALF), vm("g", tier="gold", requested=FULL)]
    problem = problem_of(snapshot(guests, {3: DOWN, 4: DOWN}), policy())
    options = SearchOptions(0.2, workers=1, reproducible=True, stuck=problem.running)
    found = search(problem, options, problem.stay()).target.place
    at = {problem.vm_ids[v]: int(h) for v, h in enumerate(found)}
    assert at["g"] >= 0
    assert sorted((at["a"], at["b"])) in ([-1, 0], [-1, 1]), "one has made way, the other one is where it was"
    assert at["a"] in (-1, 0)
    assert at["b"] in (-1, 1)
