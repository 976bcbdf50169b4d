"""Whom a step concerns among guests that wait."""

from __future__ import annotations

from tests.support.cluster import policy, snapshot, vm
from tests.support.steps import World
from trimtab_solver.actions import ActionKind
from trimtab_solver.plan.ordering.watchers import Watchers
from trimtab_solver.plan.steps import Step
from trimtab_solver.policy.documents import Level, Selector
from trimtab_solver.rules.action_budget import ActionBudget
from trimtab_solver.rules.spread import Spread

_K = ActionKind
_GUESTS = [vm("a", "h1"), vm("b", "h2"), vm("c", "h3"), vm("n"), vm("o")]


def _concerned(world: World, step: Step, **waiting: str) -> set[str]:
    """Of those who wait, each for a host."""
    watchers = Watchers(world.problem)
    for name, goal in waiting.items():
        watchers.add(world.vm(name), world.host(goal))
    return {world.problem.vm_ids[v] for v in watchers.of(step)}


def test_freed_room_concerns_those_who_wait_for_it() -> None:
    """A stop, a move away and shrinking free room on their host; a start does not."""
    world = World(snapshot(_GUESTS))
    waiting = {"n": "h1", "o": "h2"}
    assert _concerned(world, world.step(_K.STOP, "a", "h1"), **waiting) == {"n"}
    assert _concerned(world, world.step(_K.MIGRATE_LIVE, "b", "h2", "h1"), **waiting) == {"o"}
    shrink = world.step(_K.RESIZE, "a", "h1", before={"memory_mib": 10}, size={"memory_mib": 5})
    assert _concerned(world, shrink, **waiting) == {"n"}
    assert _concerned(world, world.step(_K.START, "n", "h3"), o="h3") == set()


def test_a_guest_is_concerned_by_its_own_steps() -> None:
    """It stands elsewhere after them."""
    world = World(snapshot(_GUESTS))
    assert _concerned(world, world.step(_K.MIGRATE_LIVE, "c", "h3", "h4"), c="h1", n="h1") == {"c"}


def test_members_of_a_must_group_concern_each_other_wherever_they_are() -> None:
    """Of a should group they do not."""
    members = Selector(ids=("a", "n"))
    for level, concerned in ((Level.MUST, {"n"}), (Level.SHOULD, set())):
        weight = None if level is Level.MUST else 1
        rule = Spread(select=members, topology="site", max_per_domain=1, level=level, weight=weight)
        world = World(snapshot(_GUESTS), policy(wide=rule))
        assert _concerned(world, world.step(_K.MIGRATE_LIVE, "a", "h1", "h3"), n="h2", o="h2") == concerned


def test_what_is_kept_where_a_guest_began_concerns_those_who_began_there() -> None:
    """A guest that comes home frees nothing at home, but what others of that host keep there may fit now."""
    rules = policy(budget=ActionBudget(held_at_both_ends=("memory_mib",)))
    world = World(snapshot([*_GUESTS, vm("d", "h1")]), rules)
    assert _concerned(world, world.step(_K.MIGRATE_LIVE, "a", "h4", "h1"), d="h2", n="h2") == {"d"}


def test_touching_is_more_than_freeing_room() -> None:
    """A step touches its own guest and members of its must groups, nobody else."""
    rule = Spread(select=Selector(ids=("a", "n")), topology="site", max_per_domain=1)
    world = World(snapshot(_GUESTS), policy(wide=rule))
    watchers, stop = Watchers(world.problem), world.step(_K.STOP, "a", "h1")
    assert [watchers.touches(stop, world.vm(name)) for name in "abn"] == [True, False, True]
