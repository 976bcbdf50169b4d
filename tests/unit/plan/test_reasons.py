"""Why each step is in the plan, in words."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.support.cluster import DOWN, policy, snapshot, vm
from tests.support.steps import World
from trimtab_solver.actions import ActionKind, Phase
from trimtab_solver.failures import Event, event_of
from trimtab_solver.plan.reasons import Reasons
from trimtab_solver.plan.steps import Step
from trimtab_solver.policy.documents import Policy, Selector
from trimtab_solver.rules.pin import Pin
from trimtab_solver.rules.spread import Spread
from trimtab_solver.snapshot import HostState, Migratability, Snapshot, StoragePool, VmState

_K = ActionKind
_TEN, _FIVE = {"memory_mib": 10}, {"memory_mib": 5}


class _Story:
    """Steps on a cluster, by name, with what is said of them."""

    def __init__(self, found: Snapshot, rules: Policy | None = None) -> None:
        self.world = World(found, rules)
        self._event: Event = event_of(found)

    def told(self, *steps: Step) -> Reasons:
        return Reasons(self.world.facts, self.world.problem, steps, self._event)


def test_starts_say_what_had_happened() -> None:
    """A host that failed, a suspension, or nothing but that there is room; and that the guest is small."""
    lost = vm("lost", "", "silver", state=VmState.DISPLACED, host_id="h1")
    story = _Story(snapshot([lost, vm("z", state=VmState.SUSPENDED), vm("n")], {1: DOWN}))
    step = story.world.step
    told = story.told(
        step(_K.FENCE_HOST, "", "h1"),
        step(_K.START, "lost", "h2", size=_FIVE),
        step(_K.RESUME, "z", "h2"),
        step(_K.START, "n", "h3"),
    )
    assert [told.text(i) for i in range(4)] == [
        "h1 is down; nothing of it may start elsewhere before it is fenced",
        "its host h1 failed; restarts on h2, smaller than requested for lack of room",
        "was suspended; there is room for it on h2",
        "wanted and not running; there is room on h3",
    ]
    assert {told.phase(i) for i in range(4)} == {Phase.RESTORE}
    assert [told.rules(i) for i in range(2)] == [(), ("silver",)]


@pytest.mark.parametrize(
    ("kind", "rate", "doubt"),
    [
        (_K.MIGRATE_LIVE, 8, "; it writes 8 Mbit/s and the link carries 8: a live migration may never end"),
        (_K.MIGRATE_LIVE, 7, ""),
        (_K.MIGRATE_COLD, 8, ""),
    ],
)
def test_a_live_migration_that_may_not_end_is_doubted(kind: ActionKind, rate: int, doubt: str) -> None:
    """The guest writes as fast as the slower of two links carries; not when it writes less, or moves cold."""
    guest = vm("a", "h1", migratability=Migratability.LIVE, dirty_rate_mbps=rate)
    story = _Story(snapshot([guest], {1: {"state": HostState.DRAINING}, 2: {"migration_bandwidth_mbps": 8}}))
    assert story.told(story.world.step(kind, "a", "h1", "h2")).text(0) == f"leaves h1, which is draining{doubt}"


def test_what_makes_room_names_for_whom() -> None:
    """Three by name and how many more; that is reclaiming, and what serves nobody is rebalancing."""
    crowd = [vm(f"n{i}", requested={"memory_mib": 7}) for i in range(5)]
    story = _Story(snapshot([vm("b", "h1"), vm("s", "h1", "silver"), vm("m", "h1"), vm("q", "h2"), *crowd]))
    step = story.world.step
    told = story.told(
        step(_K.STOP, "b", "h1"),
        step(_K.RESIZE, "s", "h1", before=_TEN, size=_FIVE),
        step(_K.MIGRATE_LIVE, "m", "h1", "h3"),
        step(_K.STOP, "q", "h2"),
        *(step(_K.START, f"n{i}", "h1") for i in range(5)),
    )
    whom = "makes room on h1 for n0, n1, n2 and 2 more"
    assert told.text(0) == f"{whom}; bronze may be stopped at 0 hardware failures"
    assert told.text(1) == f"{whom}; keeps its floor"
    assert told.text(2) == whom
    alone = "goes along with the others; alone it gains nothing"
    assert told.text(3) == f"{alone}; bronze may be stopped at 0 hardware failures"
    assert [told.phase(i) for i in range(4)] == [Phase.RECLAIM] * 3 + [Phase.REBALANCE]


def test_a_guest_that_moves_on_parks_first() -> None:
    """Only the move before another one is parking; a resize afterwards makes none of it."""
    story = _Story(snapshot([vm("s", "h1", "silver"), vm("t", "h2", "silver")], {2: {"state": HostState.DRAINING}}))
    step = story.world.step
    told = story.told(
        step(_K.MIGRATE_LIVE, "s", "h1", "h3"),
        step(_K.MIGRATE_LIVE, "s", "h3", "h4"),
        step(_K.MIGRATE_LIVE, "t", "h2", "h3"),
        step(_K.RESIZE, "t", "h3", before=_FIVE, size=_TEN),
    )
    assert [told.text(i) for i in range(4)] == [
        "parks on h3, on its way to h4",
        "goes on from h3, where it had parked",
        "leaves h2, which is draining",
        "gets back what it requested",
    ]


def test_only_a_cycle_is_called_one() -> None:
    """Two guests that change places close one, a guest that is stopped and started elsewhere alone does not."""
    alone = _Story(snapshot([vm("b", "h1")]))
    told = alone.told(alone.world.step(_K.STOP, "b", "h1"), alone.world.step(_K.START, "b", "h2"))
    assert [told.text(i) for i in range(2)] == ["makes way for others; runs again on h2", "runs again, on h2"]
    assert told.phase(1) is Phase.REBALANCE
    two = _Story(snapshot([vm("b", "h1"), vm("c", "h2")]))
    step = two.world.step
    swap = two.told(step(_K.STOP, "b", "h1"), step(_K.MIGRATE_LIVE, "c", "h2", "h1"), step(_K.START, "b", "h2"))
    assert swap.text(0) == "breaks a cycle of moves; runs again on h2"


def test_a_guest_that_cannot_be_migrated_restarts_for_the_same_reasons() -> None:
    """The rule that it mends is told, and that it could not have moved."""
    pin = Pin(select=Selector(ids=("b",)), hosts=Selector(ids=("h4",)))
    story = _Story(snapshot([vm("b", "h1", migratability=Migratability.NONE)]), policy(home=pin))
    told = story.told(story.world.step(_K.STOP, "b", "h1"), story.world.step(_K.START, "b", "h4"))
    assert told.text(0) == "restarts on h4, as it cannot be migrated there: breaks home where it is"


def test_a_move_names_the_rule_behind_it() -> None:
    """One it breaks where it is and not where it goes, else one of its groups, else the lack of room."""
    pin = Pin(select=Selector(ids=("p", "c")), hosts=Selector(ids=("h1",)))
    home = Pin(select=Selector(ids=("p",)), hosts=Selector(ids=("h4",)))
    wide = Spread(select=Selector(ids=("a", "b")), topology="site", max_per_domain=1)
    tight = {3: {"capacity": {"memory_mib": 5}}}
    story = _Story(
        snapshot([vm("p", "h2"), vm("a", "h1"), vm("b", "h2"), vm("c", "h3")], tight),
        policy(home=home, never=pin, wide=wide),
    )
    step = story.world.step
    told = story.told(
        step(_K.MIGRATE_LIVE, "p", "h2", "h4"),
        step(_K.MIGRATE_LIVE, "a", "h1", "h4"),
        step(_K.MIGRATE_LIVE, "c", "h3", "h4"),
    )
    assert [told.text(i) for i in range(3)] == ["breaks home where it is", "mends wide", "h3 lacks room (memory)"]
    assert [told.rules(i) for i in (0, 2)] == [("bronze", "home"), ("bronze",)]


def test_a_host_that_lost_a_pool_or_a_device_is_said_to_have() -> None:
    """The pool, with a doubt about migrating live without it; the device."""
    pooled = {"storage_pool_ids": ("san",), "capabilities": ("gpu",)}
    found = snapshot(
        [vm("db", "h1", storage_pool_id="san"), vm("ai", "h1", device_needs=("gpu",))], {2: pooled, 3: pooled}
    )
    story = _Story(replace(found, storage_pools=(StoragePool("san"),)))
    step = story.world.step
    told = story.told(step(_K.MIGRATE_LIVE, "db", "h1", "h2"), step(_K.MIGRATE_LIVE, "ai", "h1", "h3"))
    assert [told.text(i) for i in range(2)] == [
        "h1 does not reach its storage pool san; without its disk a live migration may fail",
        "h1 lacks what it needs: gpu",
    ]


def test_relief_is_said_only_of_guests_that_gain_by_it() -> None:
    """Those that grow, else those that would have to shrink; without them the load that gets even, or nothing."""
    small = vm("s", "h1", "silver", requested={"memory_mib": 30}, allocated={"memory_mib": 15})
    story = _Story(snapshot([small, vm("m", "h1", requested={"memory_mib": 20}), vm("q", "h2")]))
    step = story.world.step
    leaving = step(_K.MIGRATE_LIVE, "m", "h1", "h3")
    grown = step(_K.RESIZE, "s", "h1", before={"memory_mib": 15}, size={"memory_mib": 30})
    assert story.told(leaving, grown).text(0) == "relieves h1, so that guests there get back their size: s"
    assert story.told(leaving).text(0) == "goes along with the others; alone it gains nothing"


def test_a_boot_counts_the_guests_it_is_for() -> None:
    """Those that start there and those that move there."""
    story = _Story(snapshot([vm("a", "h1"), vm("n"), vm("o")], {4: {"state": HostState.STANDBY}}))
    step = story.world.step
    boot = step(_K.BOOT_HOST, "", "h4")
    told = story.told(
        boot, step(_K.START, "n", "h4"), step(_K.MIGRATE_LIVE, "a", "h1", "h4"), step(_K.START, "o", "h2")
    )
    assert told.text(0) == "cold spare h4 takes 2 guests"
    assert story.told(boot, step(_K.START, "n", "h4")).text(0) == "cold spare h4 takes 1 guest"


@pytest.mark.parametrize(("crowd", "is_reason"), [(30, True), (10, False)])
def test_a_guest_that_has_more_room_elsewhere_moves_for_its_size(crowd: int, is_reason: bool) -> None:
    """It is small where others fill the host; with room for all of it there, that is no reason."""
    small = vm("a", "h1", "silver", requested={"memory_mib": 20}, allocated={"memory_mib": 10})
    story = _Story(snapshot([small, vm("b", "h1", requested={"memory_mib": crowd})]))
    step = story.world.step
    grow = step(_K.RESIZE, "a", "h2", before=_TEN, size={"memory_mib": 20})
    told = story.told(step(_K.MIGRATE_COLD, "a", "h1", "h2"), grow)
    assert (told.text(0) == "gets more on h2 than h1 has room for") is is_reason
