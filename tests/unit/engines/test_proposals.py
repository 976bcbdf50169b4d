"""What an annealing proposes: peers by size, and ways home that need two or three guests to move at once."""

from __future__ import annotations

import numpy as np

from tests.property.targets import problem_of
from tests.unit.verify.cluster import policy, snapshot, vm
from trimtab_solver.engines.search.anneal import anneal
from trimtab_solver.engines.search.rows import HOME, PEER, SWAP, Floats
from trimtab_solver.engines.search.state import new_state
from trimtab_solver.engines.search.tables import build_tables
from trimtab_solver.engines.search.weights import soft_weights
from trimtab_solver.problem import Problem

HALF, FULL = {"memory_mib": 20}, {"memory_mib": 40}


def _descended(problem: Problem, places: list[str], **shares: float) -> list[str]:
    """Host of each guest after a thousand proposals of the named kinds, none of which may cost anything."""
    hosts = list(problem.host_ids)
    mix: Floats = np.zeros(8)
    for name, share in shares.items():
        mix[{"home": HOME, "swap": SWAP, "peer": PEER}[name]] = share
    tables = build_tables(problem, soft_weights(problem))
    state = new_state(problem, tables, np.array([hosts.index(place) for place in places]), seed=1)
    best, energy = state.guest["place"].copy(), np.array([state.totals["energy"][0]])
    anneal(tables, state, best, energy, mix, 1000, 0.0, 0.0)
    return [hosts[h] for h in best]


def test_two_that_fill_each_others_hosts_go_home_together() -> None:
    """Neither has room at home before the other one leaves."""
    problem = problem_of(snapshot([vm("a", "h1", requested=FULL), vm("b", "h2", requested=FULL)]), policy())
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
    ordered = [problem.vm_ids[v] for v in tables.by_size]
    assert ordered == ["small", *(vm_id for vm_id in problem.vm_ids if vm_id in ("medium", "other")), "large"]
    assert [int(tables.guests["by_size"][v]) for v in tables.by_size] == [0, 1, 2, 3]
    swapped = {"large": "h3", "small": "h3", "medium": "h2", "other": "h1"}
    places = [swapped[vm_id] for vm_id in problem.vm_ids]
    found = _descended(problem, places, swap=1.0, peer=1.0)
    assert found == [hosts[vm_id] for vm_id in problem.vm_ids]
