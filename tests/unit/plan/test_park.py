"""Parking a blocked guest on a third host."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tests.support.cluster import policy, snapshot, vm
from tests.support.steps import World
from trimtab_solver.plan.ordering.park import Parking
from trimtab_solver.plan.ordering.walk import Walk
from trimtab_solver.plan.ordering.watchers import Watchers
from trimtab_solver.policy.documents import Policy, Selector
from trimtab_solver.rules.pin import Pin
from trimtab_solver.rules.separate import Separate
from trimtab_solver.snapshot import Snapshot


def _parking(found: Snapshot, rules: Policy | None = None, closed: Sequence[str] = ()) -> tuple[World, Walk, Parking]:
    world = World(found, rules)
    walk = world.walk()
    is_open = np.ones(world.problem.host_count, dtype=np.bool_)
    is_open[[world.host(name) for name in closed]] = False
    return world, walk, Parking(walk, Watchers(world.problem), is_open)


def _full(host: str) -> list[str]:
    return [f"{host}-{i}" for i in range(4)]


def test_a_guest_parks_on_the_first_host_that_takes_it_but_its_goal() -> None:
    """Once only: else two guests could park for each other forever."""
    world, walk, parking = _parking(snapshot([vm("a", "h1")]))
    assert parking.park(world.vm("a"), world.host("h2"))
    assert world.places(walk, ["a"]) == ["h3"]
    assert not parking.park(world.vm("a"), world.host("h2"))
    assert len(walk.steps) == 1


def test_full_closed_and_refusing_hosts_are_passed_over() -> None:
    """h2 is full, h3 is not to be used; the rule leaves nothing but h3 then."""
    guests = [vm("a", "h1"), *(vm(name, "h2") for name in _full("h2"))]
    world, walk, parking = _parking(snapshot(guests), closed=["h3"])
    assert parking.park(world.vm("a"), world.host("h1"))
    assert world.places(walk, ["a"]) == ["h4"]
    pin = Pin(select=Selector(ids=("a",)), hosts=Selector(ids=("h1", "h2", "h3")))
    world, walk, parking = _parking(snapshot(guests), policy(home=pin), closed=["h3"])
    assert not parking.park(world.vm("a"), world.host("h1"))


def test_a_must_group_closes_hosts_too() -> None:
    """Nobody parks beside whom it must be apart from."""
    apart = Separate(between=(Selector(ids=("a",)), Selector(ids=("b",))), topology="host")
    world, walk, parking = _parking(snapshot([vm("a", "h1"), vm("b", "h3")]), policy(apart=apart))
    assert parking.park(world.vm("a"), world.host("h2"))
    assert world.places(walk, ["a"]) == ["h4"]


def test_a_guest_parks_only_where_it_can_go_on_from() -> None:
    """Newer hardware takes it live, but nothing older takes it back from there."""
    newer = {3: {"cpu_generation": 2}, 4: {"cpu_generation": 1}, 2: {"cpu_generation": 1}}
    world, walk, parking = _parking(snapshot([vm("a", "h1")], newer))
    assert parking.park(world.vm("a"), world.host("h2"))
    assert world.places(walk, ["a"]) == ["h4"]


def test_what_was_looked_at_in_vain_is_looked_at_again_when_something_has_left_it() -> None:
    """All hosts are full; after a stop on h3 the guest parks there."""
    guests = [vm("a", "h1"), *(vm(name, host) for host in ("h2", "h3", "h4") for name in _full(host))]
    world, walk, parking = _parking(snapshot(guests))
    assert not parking.park(world.vm("a"), world.host("h2"))
    assert not parking.park(world.vm("a"), world.host("h2"))
    assert walk.stop(world.vm("h3-0"))
    assert parking.park(world.vm("a"), world.host("h2"))
    assert world.places(walk, ["a"]) == ["h3"]
