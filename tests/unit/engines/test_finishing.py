"""The last touches to a target: no move for nothing, and of hosts as good the emptiest."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from tests.support.cluster import DOWN, policy, snapshot, vm
from tests.support.targets import problem_of
from trimtab_solver.engines.finishing import Finishing
from trimtab_solver.engines.greedy import repair
from trimtab_solver.engines.search.tables import StrictTables
from trimtab_solver.problem import Problem, Target
from trimtab_solver.sizing import fit_sizes
from trimtab_solver.snapshot import HostState

STANDBY: dict[str, Any] = {"state": HostState.STANDBY}


def _target(problem: Problem, **hosts: str) -> Target:
    """Everybody as now, but these guests on these hosts."""
    place = problem.current.copy()
    for vm_id, host_id in hosts.items():
        place[problem.vm_ids.index(vm_id)] = problem.host_ids.index(host_id)
    return Target(place, fit_sizes(problem, place))


def _finished(problem: Problem, target: Target) -> dict[str, str]:
    place = Finishing(problem, StrictTables(problem)).finish(target).place
    return {vm_id: problem.host_ids[h] for vm_id, h in zip(problem.vm_ids, place.tolist(), strict=True) if h >= 0}


def test_a_move_for_nothing_is_taken_back() -> None:
    """Nobody gains by it; the guest that has to leave its drained host still does."""
    guests = [vm("a", "h1"), vm("b", "h2")]
    problem = problem_of(snapshot(guests, {2: {"state": HostState.DRAINING}}), policy())
    found = _finished(problem, _target(problem, a="h3", b="h4"))
    assert found["a"] == "h1"
    assert found["b"] in ("h3", "h4")


def test_guests_that_start_are_spread() -> None:
    """Greedy fills the tightest host; with nothing to choose between hosts, each gets the same."""
    guests = [vm(f"g{i}") for i in range(6)]
    problem = problem_of(snapshot(guests, {4: DOWN}), policy())
    assert Counter(_finished(problem, repair(problem)).values()) == {"h1": 2, "h2": 2, "h3": 2}


def test_guests_that_leave_a_drained_host_are_spread() -> None:
    """The emptiest hosts take them: h2 has one guest already."""
    guests = [*(vm(f"g{i}", "h1") for i in range(3)), vm("there", "h2")]
    problem = problem_of(snapshot(guests, {1: {"state": HostState.DRAINING}, 4: DOWN}), policy())
    counts = Counter(_finished(problem, _target(problem, g0="h2", g1="h2", g2="h2")).values())
    assert counts == {"h2": 2, "h3": 2}


@pytest.mark.parametrize(("small", "large"), [(3, 4), (4, 3)])
def test_the_smallest_spare_that_serves_is_booted(small: int, large: int) -> None:
    """Not the one that an engine chose; which id it has does not matter."""
    states: dict[int, dict[str, Any]] = {
        1: DOWN,
        2: DOWN,
        small: {**STANDBY, "capacity": {"memory_mib": 20}},
        large: STANDBY,
    }
    problem = problem_of(snapshot([vm("a"), vm("b")], states), policy())
    assert _finished(problem, _target(problem, a=f"h{large}", b=f"h{large}")) == {"a": f"h{small}", "b": f"h{small}"}


def test_a_spare_that_is_too_small_is_not_taken() -> None:
    """Two guests of 10 do not run on 15."""
    states: dict[int, dict[str, Any]] = {1: DOWN, 2: DOWN, 3: {**STANDBY, "capacity": {"memory_mib": 15}}, 4: STANDBY}
    problem = problem_of(snapshot([vm("a"), vm("b")], states), policy())
    assert _finished(problem, _target(problem, a="h4", b="h4")) == {"a": "h4", "b": "h4"}
