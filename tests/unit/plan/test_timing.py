"""How long steps take and when they begin."""

from __future__ import annotations

import random

from tests.support.cluster import policy, snapshot, vm
from tests.support.steps import World
from trimtab_solver.actions import Action, ActionKind
from trimtab_solver.plan.schedule import earliest_starts
from trimtab_solver.plan.timing import durations_of
from trimtab_solver.rules.tier import Tier
from trimtab_solver.verify.durations import seconds_of

_K = ActionKind


def test_planner_and_judge_read_the_same_time_from_the_text() -> None:
    """Of every kind, on guests and hosts of all sizes and speeds; each reads docs/concepts.md for itself."""
    chance = random.Random(7)
    amounts = (0, 1, 2, 1000, 15625, 2**18, 10_000_000)
    for _ in range(400):
        guest = vm(
            "v",
            "h1",
            "gold",
            requested={"memory_mib": chance.choice(amounts), "cpu_milli": 1},
            dirty_rate_mbps=chance.choice(amounts),
            restart_s=chance.choice((0, 1, 30)),
        )
        speeds = {n: {"migration_bandwidth_mbps": chance.choice(amounts), "boot_s": n} for n in (1, 2)}
        state = snapshot([guest], speeds)
        world = World(state, policy(gold=Tier(rank=30)))
        for kind in _K:
            goal = "h2" if kind.moves else ""
            name = "" if kind.acts_on_host else "v"
            (planned,) = durations_of(world.facts, [world.step(kind, name, "h1", goal)])
            judged = seconds_of(
                Action(1, kind, name, "h1", goal), {"v": guest}, {host.id: host for host in state.hosts}
            )
            assert planned == judged, (kind, guest, speeds)


def test_a_step_begins_when_all_it_waits_for_has_ended() -> None:
    """Whatever else goes on meanwhile."""
    world = World(snapshot([vm("a", "h1"), vm("b", "h2"), vm("n")]))
    steps = [world.step(_K.STOP, "a", "h1"), world.step(_K.STOP, "b", "h2"), world.step(_K.START, "n", "h1")]
    assert earliest_starts(world.facts, steps, [[], [], [0, 1]], [5, 7, 30]) == [0, 0, 7]


def test_a_slot_goes_to_the_migration_that_stands_first() -> None:
    """With two on h1 the third waits for the first to end; with one on h2 the second one there does."""
    guests = [vm(name, "h1") for name in "abc"]
    slots = {1: {"migration_slots": 2}, **{n: {"migration_slots": 1} for n in (2, 3, 4)}}
    world = World(snapshot(guests, slots))
    steps = [
        world.step(_K.MIGRATE_LIVE, name, "h1", goal) for name, goal in zip("abc", ("h2", "h3", "h4"), strict=True)
    ]
    assert earliest_starts(world.facts, steps, [[], [], []], [4, 9, 9]) == [0, 0, 4]
    same = [world.step(_K.MIGRATE_LIVE, name, "h1", "h2") for name in "ab"]
    assert earliest_starts(world.facts, same, [[], []], [4, 9]) == [0, 4]


def test_a_slot_does_not_wait_for_a_migration_that_is_not_ready() -> None:
    """The first of the list begins after a start of a minute; until then both others have used the only slot of h1."""
    guests = [vm("n"), *(vm(name, "h1") for name in "abc")]
    world = World(snapshot(guests, {1: {"migration_slots": 1}}))
    steps = [world.step(_K.START, "n", "h2"), *(world.step(_K.MIGRATE_LIVE, name, "h1", "h3") for name in "abc")]
    assert earliest_starts(world.facts, steps, [[], [0], [], []], [60, 9, 9, 9]) == [0, 60, 0, 9]
    assert earliest_starts(world.facts, steps, [[], [0], [], []], [5, 9, 9, 9]) == [0, 9, 0, 18]


def test_what_takes_no_time_is_over_before_slots_are_given_away() -> None:
    """A boot of 0 s is not a reason to let another go first."""
    world = World(snapshot([vm("a", "h1"), vm("b", "h1")], {1: {"migration_slots": 1}, 4: {"boot_s": 0}}))
    steps = [
        world.step(_K.BOOT_HOST, "", "h4"),
        world.step(_K.MIGRATE_LIVE, "a", "h1", "h4"),
        world.step(_K.MIGRATE_LIVE, "b", "h1", "h3"),
    ]
    assert earliest_starts(world.facts, steps, [[], [0], []], [0, 9, 9]) == [0, 0, 9]


def test_a_host_without_slots_lets_its_guests_leave_one_by_one() -> None:
    """As if it had one."""
    world = World(snapshot([vm("a", "h1"), vm("b", "h1")], {1: {"migration_slots": 0}}))
    steps = [world.step(_K.MIGRATE_LIVE, "a", "h1", "h2"), world.step(_K.MIGRATE_LIVE, "b", "h1", "h3")]
    assert earliest_starts(world.facts, steps, [[], []], [4, 4]) == [0, 4]
