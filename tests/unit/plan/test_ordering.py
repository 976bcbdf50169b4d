"""Ordering by hand: cycles and how each is broken, what is done first, and what is said when there is no way."""

from __future__ import annotations

import numpy as np

from tests.support.cluster import host, policy, snapshot, vm
from tests.support.targets import problem_of
from trimtab_solver.actions import ActionKind
from trimtab_solver.plan.facts import facts_of
from trimtab_solver.plan.ordering.exhaustive import search_reach
from trimtab_solver.plan.ordering.orderer import Ordering, order_steps
from trimtab_solver.policy.documents import Selector
from trimtab_solver.problem import NOWHERE, Problem, Target
from trimtab_solver.rules.action_budget import ActionBudget
from trimtab_solver.rules.pin import Pin
from trimtab_solver.rules.separate import Separate
from trimtab_solver.snapshot import HostState, Migratability, Snapshot, VmState

_OFF = {"state": HostState.MAINTENANCE}
"""Hosts 3 and 4 take nobody, so that there is no third host."""
_TWO_HOSTS = {3: _OFF, 4: _OFF}


def _problem(found: Snapshot) -> Problem:
    return problem_of(found, policy())


def _to(problem: Problem, **places: str) -> Target:
    """Everybody where they are, but for those named; `""` is nowhere. Sizes are as large as may be."""
    place = problem.current.copy()
    for vm_id, host_id in places.items():
        place[problem.vm_ids.index(vm_id)] = problem.host_ids.index(host_id) if host_id else NOWHERE
    return Target(place, problem.upper.copy())


def _ordered(found: Snapshot, problem: Problem, target: Target) -> Ordering:
    return order_steps(problem, target, facts_of(found, problem).start_kinds)


def _pin(vm_id: str, host_id: str) -> Pin:
    return Pin(select=Selector(ids=(vm_id,)), hosts=Selector(ids=(host_id,)))


def _kinds(ordering: Ordering) -> list[ActionKind]:
    return [step.kind for step in ordering.steps]


def test_a_start_comes_right_after_what_makes_its_room() -> None:
    """Only the eviction that the start needs precedes it; the other guest that leaves may do so later."""
    found = snapshot([vm("b1", "h1"), vm("b2", "h2"), vm("g", tier="gold", requested={"memory_mib": 40})], _TWO_HOSTS)
    problem = _problem(found)
    ordering = _ordered(found, problem, _to(problem, b1="", b2="", g="h2"))
    assert [(step.kind, problem.vm_ids[step.v]) for step in ordering.steps] == [
        (ActionKind.STOP, "b2"),
        (ActionKind.START, "g"),
        (ActionKind.STOP, "b1"),
    ]


def test_a_cycle_is_broken_on_a_third_host() -> None:
    """Two guests that fill their hosts change places by way of a host that is free."""
    size = {"memory_mib": 40}
    found = snapshot([vm("x", "h1", "gold", requested=size), vm("y", "h2", "gold", requested=size)])
    problem = _problem(found)
    target = _to(problem, x="h2", y="h1")
    ordering = _ordered(found, problem, target)
    assert _kinds(ordering) == [ActionKind.MIGRATE_LIVE] * 3
    assert np.array_equal(ordering.reached.place, target.place)
    assert not ordering.interrupted
    assert not ordering.dropped


def test_a_cycle_is_broken_by_shrinking_for_a_while() -> None:
    """Without a third host, guests that may shrink make room for each other and grow back in the end."""
    size = {"memory_mib": 24}
    found = snapshot([vm("x", "h1", "silver", requested=size), vm("y", "h2", "silver", requested=size)], _TWO_HOSTS)
    problem = _problem(found)
    ordering = _ordered(found, problem, _to(problem, x="h2", y="h1"))
    assert ordering.reached.size.tolist() == [[24], [24]]
    assert _kinds(ordering).count(ActionKind.MIGRATE_LIVE) == 2
    assert set(_kinds(ordering)) == {ActionKind.RESIZE, ActionKind.MIGRATE_LIVE}
    assert not ordering.interrupted


def test_a_cycle_is_broken_by_a_stop_where_the_tier_allows_it() -> None:
    """Guests that may be stopped but not shrunk: one is stopped and started at its goal, and that is counted."""
    size = {"memory_mib": 40}
    found = snapshot([vm("x", "h1", requested=size), vm("y", "h2", requested=size)], _TWO_HOSTS)
    problem = problem_of(found, policy(x=_pin("x", "h2"), y=_pin("y", "h1")))
    target = _to(problem, x="h2", y="h1")
    ordering = _ordered(found, problem, target)
    assert _kinds(ordering) == [ActionKind.STOP, ActionKind.MIGRATE_LIVE, ActionKind.START]
    assert ordering.interrupted == 2
    assert np.array_equal(ordering.reached.place, target.place)


def test_nobody_is_stopped_for_a_move_that_repairs_nothing() -> None:
    """The same cycle without a rule behind it is left as it is: a stop is worse than a move that stays undone."""
    size = {"memory_mib": 40}
    found = snapshot([vm("x", "h1", requested=size), vm("y", "h2", requested=size)], _TWO_HOSTS)
    problem = _problem(found)
    ordering = _ordered(found, problem, _to(problem, x="h2", y="h1"))
    assert not ordering.steps
    assert len(ordering.dropped) == 2


def test_a_cycle_without_a_way_is_dropped_and_said_so() -> None:
    """Guests that may be neither shrunk nor stopped stay on their full hosts; the ordering names who and where."""
    size = {"memory_mib": 40}
    found = snapshot([vm("x", "h1", "gold", requested=size), vm("y", "h2", "gold", requested=size)], _TWO_HOSTS)
    problem = _problem(found)
    target = _to(problem, x="h2", y="h1")
    ordering = _ordered(found, problem, target)
    assert not ordering.steps
    assert np.array_equal(ordering.reached.place, problem.current)
    assert len(ordering.dropped) == len(ordering.stuck) == 2
    assert "from h1 to h2" in " ".join(ordering.dropped)
    reach = search_reach(problem, target, problem.evaluate(target), {})
    assert reach.is_complete
    assert not reach.ordering.steps


def test_halves_of_a_pair_change_sites_by_way_of_a_stop() -> None:
    """Zones that never share a site swap their sites: one of them is stopped, so that for a moment it is on neither."""
    zones = (Selector(match_labels={"zone": "a"}), Selector(match_labels={"zone": "b"}))
    rules = {"zones": Separate(between=zones, topology="site"), "x": _pin("x", "h3"), "y": _pin("y", "h1")}
    found = snapshot([vm("x", "h1", labels={"zone": "a"}), vm("y", "h3", labels={"zone": "b"})])
    problem = problem_of(found, policy(**rules))
    target = _to(problem, x="h3", y="h1")
    ordering = _ordered(found, problem, target)
    assert _kinds(ordering) == [ActionKind.STOP, ActionKind.MIGRATE_LIVE, ActionKind.START]
    assert ordering.interrupted == 2
    assert np.array_equal(ordering.reached.place, target.place)


def test_a_suspended_guest_is_resumed_and_a_pending_one_started() -> None:
    """How a guest comes back depends on what became of it."""
    found = snapshot([vm("s", tier="silver", state=VmState.SUSPENDED), vm("p", tier="silver")])
    problem = _problem(found)
    ordering = _ordered(found, problem, _to(problem, s="h1", p="h1"))
    assert {problem.vm_ids[step.v]: step.kind for step in ordering.steps} == {
        "s": ActionKind.RESUME,
        "p": ActionKind.START,
    }


def test_a_guest_that_cannot_migrate_is_suspended_and_resumed_elsewhere() -> None:
    """A tier that is evicted by suspending restarts elsewhere the same way."""
    found = snapshot([vm("s", "h1", "silver", migratability=Migratability.NONE)])
    problem = _problem(found)
    ordering = _ordered(found, problem, _to(problem, s="h3"))
    assert _kinds(ordering) == [ActionKind.SUSPEND, ActionKind.RESUME]
    assert ordering.reached.place.tolist() == [problem.host_ids.index("h3")]


def test_guests_shrink_before_they_move_and_grow_last() -> None:
    """A target with smaller sizes is reached by shrinking first; one with larger sizes by growing at the very end."""
    found = snapshot([vm("s", "h1", "silver"), vm("t", "h2", "silver", allocated={"memory_mib": 5})])
    problem = _problem(found)
    target = _to(problem, s="h3", t="h4")
    target.size[problem.vm_ids.index("s")] = 6
    ordering = _ordered(found, problem, target)
    assert [(step.kind, problem.vm_ids[step.v]) for step in ordering.steps][-1] == (ActionKind.RESIZE, "t")
    of_s = [step.kind for step in ordering.steps if problem.vm_ids[step.v] == "s"]
    assert of_s == [ActionKind.RESIZE, ActionKind.MIGRATE_LIVE]


def test_a_chain_of_moves_is_undone_from_its_free_end() -> None:
    """Each of many guests can move only when the next one has gone; the last place is free, and all arrive."""
    length = 40
    hosts = tuple(host(n, domain_ids=(), capacity={"memory_mib": 10}) for n in range(length + 1))
    found = Snapshot(hosts, tuple(vm(f"v{n:02}", f"h{n}") for n in range(length)))
    problem = problem_of(found, policy(budget=ActionBudget(max_migrations=length)))
    ordering = _ordered(found, problem, _to(problem, **{f"v{n:02}": f"h{n + 1}" for n in range(length)}))
    assert not ordering.dropped
    assert [step.v for step in ordering.steps] == list(reversed(range(length)))


def test_a_ring_without_any_room_is_given_up_whole() -> None:
    """No host has room to park anybody: each move is dropped and named, and nothing is done."""
    hosts = tuple(host(n, domain_ids=(), capacity={"memory_mib": 10}) for n in range(8))
    found = Snapshot(hosts, tuple(vm(f"v{n}", f"h{n}", "gold") for n in range(8)))
    problem = problem_of(found, policy(budget=ActionBudget(max_migrations=8)))
    ordering = _ordered(found, problem, _to(problem, **{f"v{n}": f"h{(n + 1) % 8}" for n in range(8)}))
    assert not ordering.steps
    assert sorted(ordering.stuck) == list(range(8))
    assert len(ordering.dropped) == 8
