"""Which earlier steps a step waits for, by hand."""

from __future__ import annotations

import pytest

from tests.support.cluster import DOWN, policy, snapshot, vm
from tests.support.steps import World
from trimtab_solver.actions import ActionKind
from trimtab_solver.plan.precedence import find_precedence
from trimtab_solver.plan.steps import Step
from trimtab_solver.policy.documents import RuleSpec, Selector
from trimtab_solver.rules.action_budget import ActionBudget
from trimtab_solver.rules.spread import Spread
from trimtab_solver.snapshot import HostState, VmState

_K = ActionKind
_TEN, _FIVE = {"memory_mib": 10}, {"memory_mib": 5}
_ALL = Selector(cel="true")


def _needs(world: World, *steps: Step) -> list[list[int]]:
    return find_precedence(world.problem, steps, world.facts.failed_host)


def test_an_arrival_waits_for_all_that_left_its_host_before() -> None:
    """For stops, shrinking and moves away, not for other arrivals nor for what happens elsewhere."""
    world = World(snapshot([vm("a", "h1"), vm("b", "h1", "silver"), vm("c", "h1"), vm("d", "h2"), vm("n"), vm("o")]))
    assert _needs(
        world,
        world.step(_K.STOP, "a", "h1"),
        world.step(_K.RESIZE, "b", "h1", before=_TEN, size=_FIVE),
        world.step(_K.MIGRATE_LIVE, "c", "h1", "h3"),
        world.step(_K.STOP, "d", "h2"),
        world.step(_K.START, "n", "h1"),
        world.step(_K.START, "o", "h1"),
    ) == [[], [], [], [], [0, 1, 2], [0, 1, 2]]


def test_growth_is_an_arrival_too() -> None:
    """It waits for what left its host; and the steps of one guest wait for each other."""
    world = World(snapshot([vm("a", "h1"), vm("s", "h1", "silver", allocated=_FIVE)]))
    grow = world.step(_K.RESIZE, "s", "h1", before=_FIVE, size=_TEN)
    assert _needs(world, world.step(_K.STOP, "a", "h1"), grow) == [[], [0]]
    assert _needs(
        world, world.step(_K.MIGRATE_LIVE, "s", "h1", "h2"), world.step(_K.RESIZE, "s", "h2", before=_FIVE, size=_TEN)
    ) == [[], [0]]


def test_starts_wait_for_fencing_and_arrivals_for_booting() -> None:
    """Of their own host only."""
    lost = vm("lost", state=VmState.DISPLACED, host_id="h1")
    world = World(snapshot([lost, vm("n"), vm("o")], {1: DOWN, 4: {"state": HostState.STANDBY}}))
    assert world.facts.failed_host == {world.vm("lost"): world.host("h1")}
    assert _needs(
        world,
        world.step(_K.FENCE_HOST, "", "h1"),
        world.step(_K.BOOT_HOST, "", "h4"),
        world.step(_K.START, "lost", "h2"),
        world.step(_K.START, "n", "h4"),
        world.step(_K.START, "o", "h3"),
    ) == [[], [], [0], [1], []]


@pytest.mark.parametrize(
    ("rule", "needs"),
    [
        (Spread(select=_ALL, topology="site", max_per_domain=1), [[], [0], []]),
        (Spread(select=_ALL, topology="site", min_domains=2), [[], [0], [1]]),
        (Spread(select=_ALL, topology="site", max_per_domain=3), [[], [], []]),
    ],
    ids=["crowding", "order", "cannot be broken"],
)
def test_must_groups_tie_their_members_together(rule: RuleSpec, needs: list[list[int]]) -> None:
    """A limit where one enters what another left; a least number of domains always; what cannot be broken never."""
    world = World(snapshot([vm("a", "h1"), vm("n"), vm("o")]), policy(rule=rule))
    assert (
        _needs(
            world,
            world.step(_K.MIGRATE_LIVE, "a", "h1", "h3"),
            world.step(_K.START, "n", "h2"),
            world.step(_K.START, "o", "h4"),
        )
        == needs
    )


def test_what_a_guest_keeps_where_it_began_is_room_there() -> None:
    """A guest that shrank before it moves leaves more behind than it had there last, and waits for that room."""
    rules = policy(budget=ActionBudget(held_at_both_ends=("memory_mib",)))
    world = World(snapshot([vm("a", "h1"), vm("s", "h1", "silver")]), rules)
    shrink = world.step(_K.RESIZE, "s", "h1", before=_TEN, size=_FIVE)
    move = world.step(_K.MIGRATE_LIVE, "s", "h1", "h2")
    assert _needs(world, world.step(_K.STOP, "a", "h1"), shrink, move) == [[], [], [0, 1]]
    assert _needs(world, world.step(_K.STOP, "a", "h1"), move) == [[], []]
