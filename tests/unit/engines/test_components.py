"""Components of a cluster that share nothing: who is in which, and how they are put together."""

from __future__ import annotations

import numpy as np

from tests.support.cluster import policy, snapshot, vm
from tests.support.targets import problem_of
from trimtab_solver.engines.components import Component, find_components, gather
from trimtab_solver.policy.documents import Selector, Spec
from trimtab_solver.problem import Problem
from trimtab_solver.rules.pin import Pin
from trimtab_solver.rules.separate import Separate
from trimtab_solver.rules.spread import Spread

_SIDES: dict[str, Spec] = {
    "east": Pin(select=Selector(ids=("a", "b")), hosts=Selector(ids=("h1", "h2"))),
    "west": Pin(select=Selector(ids=("c", "d")), hosts=Selector(ids=("h3", "h4"))),
}


def _problem(**rules: Spec) -> Problem:
    """Four guests that are pinned, two and two, to a site each."""
    return problem_of(snapshot([vm("a", "h1"), vm("b"), vm("c", "h3"), vm("d")]), policy(**_SIDES, **rules))


def _named(problem: Problem) -> list[tuple[str, str]]:
    def names(ids: tuple[str, ...], chosen: list[int]) -> str:
        return " ".join(ids[i] for i in chosen)

    return [
        (
            names(problem.vm_ids, np.flatnonzero(component.guests).tolist()),
            names(problem.host_ids, np.flatnonzero(component.hosts).tolist()),
        )
        for component in find_components(problem)
    ]


def test_hosts_that_no_guest_may_leave_for_are_components() -> None:
    """Each site with its guests."""
    assert _named(_problem()) == [("a b", "h1 h2"), ("c d", "h3 h4")]


def test_a_rule_that_counts_guests_of_both_joins_them() -> None:
    """How many racks an application is spread over depends on all its guests."""
    wide = Spread(select=Selector(ids=("a", "c")), topology="rack", min_domains=2)
    assert _named(_problem(wide=wide)) == [("a b c d", "h1 h2 h3 h4")]


def test_a_rule_that_looks_at_each_domain_does_not() -> None:
    """No rack is in both sites; and where a site is looked at, it is one component anyway."""
    apart = Separate(between=(Selector(ids=("a", "b")), Selector(ids=("c", "d"))), topology="rack")
    assert len(_named(_problem(apart=apart))) == 2


def test_a_component_without_a_guest_that_may_be_touched_is_none() -> None:
    """There is nothing to decide; Gold alone may move, but nowhere."""
    rules: dict[str, Spec] = {**_SIDES, "here": Pin(select=Selector(ids=("g",)), hosts=Selector(ids=("h1",)))}
    problem = problem_of(snapshot([vm("c", "h3"), vm("d")]), policy(**rules))
    assert _named(problem) == [("c d", "h3 h4")]


def test_everybody_else_stays_as_it_is() -> None:
    """Neither started nor moved nor stopped; the guests of the component keep all their ways."""
    problem = _problem()
    component = find_components(problem)[0]
    alone = component.of(problem)
    for v, vm_id in enumerate(problem.vm_ids):
        if component.guests[v]:
            assert (alone.possible_hosts(v) == problem.possible_hosts(v)).all(), vm_id
        else:
            assert np.flatnonzero(alone.possible_hosts(v)).tolist() == [h for h in [int(problem.current[v])] if h >= 0]
            assert not alone.evictable[v]


def test_components_are_gathered_by_size() -> None:
    """The largest each for themselves, the smaller ones where there is least."""

    def component(first: int, count: int) -> Component:
        chosen = np.arange(12)
        return Component((chosen >= first) & (chosen < first + count), (chosen >= first) & (chosen < first + count))

    components = [component(0, 1), component(1, 2), component(3, 4), component(7, 5)]
    assert gather(components, 4) == [components[3], components[2], components[1], components[0]]
    two = gather(components, 2)
    assert [np.flatnonzero(one.hosts).tolist() for one in two] == [[0, 7, 8, 9, 10, 11], [1, 2, 3, 4, 5, 6]]
    assert (gather(components, 1)[0].guests == np.ones(12, dtype=np.bool_)).all()
