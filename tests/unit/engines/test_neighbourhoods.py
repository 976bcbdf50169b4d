"""Filling hosts anew, by hand."""

from __future__ import annotations

import threading
from dataclasses import replace

import numpy as np
import pytest

from tests.support.cluster import DOWN, policy, snapshot, vm
from tests.support.targets import problem_of
from trimtab_solver.engines.clock import Deadline
from trimtab_solver.engines.neighbourhoods import NeighbourhoodOptions, search_neighbourhoods


@pytest.mark.parametrize(("moves", "lost"), [(0, 2), (1, 0)])
def test_a_move_is_spent_where_it_buys_something(moves: int, lost: int) -> None:
    """A guest as large as a host runs once Gold has made room by one move, which the budget must allow."""
    half = {"memory_mib": 20}
    guests = [vm("g1", "h1", "gold", requested=half), vm("g2", "h2", "gold", requested=half)]
    found = snapshot([*guests, vm("b", requested={"memory_mib": 40})], {3: DOWN, 4: DOWN})
    problem = problem_of(found, policy())
    problem = replace(problem, disruption=replace(problem.disruption, budget=moves))
    target = search_neighbourhoods(
        problem, problem.stay(), NeighbourhoodOptions(Deadline.after(60.0), rounds=2), threading.Event()
    )
    assert problem.evaluate(target)[1] == lost
    assert int(problem.moved(target.place).sum()) == moves


def test_what_is_outside_stays_as_it_is() -> None:
    """One host at a time: guests that an earlier round has moved are kept, and count against the budget."""
    guests = [vm(f"g{n}", "h1", "gold", requested={"memory_mib": 10}) for n in range(4)]
    problem = problem_of(snapshot([*guests, vm("b", requested={"memory_mib": 20})], {3: DOWN, 4: DOWN}), policy())
    start = problem.stay()
    place = start.place.copy()
    place[:2] = 1
    moved = replace(start, place=place)
    target = search_neighbourhoods(
        problem, moved, NeighbourhoodOptions(Deadline.after(60.0), rounds=4, moves=2), threading.Event()
    )
    assert problem.evaluate(target)[1] == 0
    assert int(problem.moved(target.place).sum()) <= 2
    assert np.all(target.place[:4] >= 0)
