"""A target is judged by rights, suitability, room, must rules, and the levels of docs/concepts.md."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from tests.support.cluster import DOWN, policy, snapshot, vm
from trimtab_solver.placement import Placement
from trimtab_solver.policy.documents import Level, Policy, Selector
from trimtab_solver.rules.pin import Pin
from trimtab_solver.rules.spread import Spread
from trimtab_solver.snapshot import FencingState, HostState, Migratability, Snapshot, VmState
from trimtab_solver.verify import Code, PlacementVerdict, judge_placement

EVERYTHING = Selector(cel="true")


def judged(
    cluster: Snapshot,
    place: Mapping[str, str],
    sizes: Mapping[str, int] | None = None,
    rules: Policy | None = None,
) -> PlacementVerdict:
    """The verdict on `place`, with 10 MiB for each guest that `sizes` does not name."""
    given = sizes or {}
    target = Placement(place, {vm_id: {"memory_mib": given.get(vm_id, 10)} for vm_id in place})
    return judge_placement(cluster, rules or policy(), None, target)


def codes(verdict: PlacementVerdict) -> list[Code]:
    return [violation.code for violation in verdict.violations]


def test_the_present_placement_is_valid_however_broken() -> None:
    """A host that holds more than it has room for is tolerated, and counted as inherited."""
    cluster = snapshot([vm(f"v{i}", "h1") for i in range(5)])
    verdict = judged(cluster, {f"v{i}": "h1" for i in range(5)})
    assert verdict.is_valid
    assert dict(verdict.levels)["inherited"] == 1


def test_a_full_host_takes_no_more() -> None:
    """A fifth guest on a host with room for four is too many, and the verdict says by how much."""
    cluster = snapshot([*(vm(f"v{i}", "h1") for i in range(4)), vm("new")])
    (violation,) = judged(cluster, {**{f"v{i}": "h1" for i in range(4)}, "new": "h1"}).violations
    assert (violation.code, violation.host_id, violation.resource) == (Code.ROOM, "h1", "memory_mib")
    assert (violation.amount, violation.limit) == (50, 40)


def test_guests_without_overcommit_count_once_against_the_hardware() -> None:
    """At 200 %, eight bronze guests fit where four gold ones do, and one gold one is worth two bronze ones."""
    double = {1: {"overcommit_percent": {"memory_mib": 200}}}
    bronze = [vm(f"b{i}") for i in range(8)]
    assert judged(snapshot(bronze, double), {guest.id: "h1" for guest in bronze}).is_valid
    gold = [vm(f"g{i}", tier="gold") for i in range(5)]
    assert codes(judged(snapshot(gold, double), {guest.id: "h1" for guest in gold})) == [Code.ROOM]
    mixed = [gold[0], *bronze[:6]]
    assert judged(snapshot(mixed, double), {guest.id: "h1" for guest in mixed}).is_valid
    more = [gold[0], *bronze[:7]]
    assert codes(judged(snapshot(more, double), {guest.id: "h1" for guest in more})) == [Code.ROOM]


def test_a_migrating_guest_holds_room_at_both_ends_and_stays() -> None:
    """Its source has no room for a fourth other guest, and its target may not change."""
    moving = vm("m", "h1", state=VmState.MIGRATING, target_host_id="h2")
    cluster = snapshot([moving, *(vm(f"v{i}") for i in range(4))])
    place = {"m": "h2", **{f"v{i}": "h1" for i in range(4)}}
    assert codes(judged(cluster, place)) == [Code.ROOM]
    assert judged(cluster, {k: place[k] for k in ("m", "v0", "v1", "v2")}).is_valid
    assert codes(judged(cluster, {"m": "h3"})) == [Code.RIGHT]
    assert codes(judged(cluster, {})) == [Code.RIGHT]


def test_only_guests_with_the_right_may_be_left_out() -> None:
    """Bronze counts as a stop, silver as a suspension, gold must stay."""
    cluster = snapshot([vm("b", "h1"), vm("s", "h1", "silver"), vm("g", "h1", "gold")])
    verdict = judged(cluster, {"g": "h1"})
    assert verdict.is_valid
    assert dict(verdict.levels)["stops"] == 3
    assert codes(judged(cluster, {"b": "h1", "s": "h1"})) == [Code.RIGHT]


@pytest.mark.parametrize(
    ("tier", "migratability", "generation", "allowed"),
    [
        ("gold", Migratability.LIVE, 1, True),
        ("gold", Migratability.LIVE, 0, False),
        ("silver", Migratability.LIVE, 0, True),
        ("silver", Migratability.COLD, 1, True),
        ("gold", Migratability.COLD, 1, False),
        ("silver", Migratability.NONE, 1, False),
    ],
)
def test_a_guest_moves_live_or_cold_or_not_at_all(
    tier: str, migratability: Migratability, generation: int, allowed: bool
) -> None:
    """Live needs the same or a higher CPU generation; cold needs the tier's leave."""
    cluster = snapshot(
        [vm("v", "h1", tier, migratability=migratability)],
        {1: {"cpu_generation": 1}, 2: {"cpu_generation": generation}},
    )
    assert judged(cluster, {"v": "h2"}).is_valid is allowed


def test_a_stopped_guest_and_one_from_an_unfenceable_host_stay_down() -> None:
    """Neither may be started by a target."""
    cluster = snapshot(
        [vm("off", state=VmState.STOPPED), vm("lost", "h1", state=VmState.DISPLACED)],
        {1: {**DOWN, "fencing": FencingState.UNFENCEABLE}},
    )
    assert codes(judged(cluster, {"off": "h2"})) == [Code.RIGHT]
    assert codes(judged(cluster, {"lost": "h2"})) == [Code.RIGHT]


def test_guests_arrive_on_suitable_hosts_only() -> None:
    """Storage, devices, the host's state and a must Pin are all in the way; staying on a draining host is not."""
    guests = [vm("v", storage_pool_id="p"), vm("w", device_needs=("gpu",)), vm("x", "h4")]
    cluster = snapshot(
        guests, {1: {"storage_pool_ids": ("p",)}, 2: {"capabilities": ("gpu",)}, 4: {"state": HostState.DRAINING}}
    )
    assert judged(cluster, {"v": "h1", "w": "h2", "x": "h4"}).is_valid
    assert codes(judged(cluster, {"v": "h2", "w": "h1", "x": "h4"})) == [Code.UNSUITABLE, Code.UNSUITABLE]
    pinned = policy(home=Pin(select=EVERYTHING, hosts=Selector(ids=("h2",))))
    assert Code.REFUSED_HOST in codes(judged(cluster, {"v": "h1", "x": "h4"}, rules=pinned))
    assert dict(judged(cluster, {"x": "h4"}).levels)["inherited"] == 1


def test_sizes_stay_between_floor_and_request() -> None:
    """Silver may have half; one that already has less may keep it; bronze always has all."""
    cluster = snapshot([vm("s", "h1", "silver"), vm("b", "h1"), vm("t", "h1", "silver", allocated={"memory_mib": 3})])
    place = {"s": "h1", "b": "h1", "t": "h1"}
    assert judged(cluster, place, {"s": 5, "t": 3}).is_valid
    for sizes in ({"s": 4}, {"b": 9}, {"s": 11}, {"t": 2}):
        assert codes(judged(cluster, place, sizes)) == [Code.SIZE], sizes


def test_a_guests_own_guarantee_is_a_floor_too() -> None:
    """Of the policy's half and the guest's eight the higher counts."""
    cluster = snapshot([vm("s", "h1", "silver", guaranteed={"memory_mib": 8})])
    assert judged(cluster, {"s": "h1"}, {"s": 8}).is_valid
    assert codes(judged(cluster, {"s": "h1"}, {"s": 7})) == [Code.SIZE]


def test_levels_are_named_and_counted_as_documented() -> None:
    """One guest of each tier down, one shrunk, one moved, one spare booted, one wish unmet."""
    rules = policy(wish=Spread(level=Level.SHOULD, weight=5, select=EVERYTHING, topology="site", max_per_domain=1))
    guests = [vm("g", tier="gold"), vm("s", "h1", "silver"), vm("t", "h1", "silver"), vm("b"), vm("c", "h1")]
    verdict = judged(
        snapshot(guests, {2: {"state": HostState.STANDBY}}), {"s": "h1", "t": "h2", "c": "h1"}, {"s": 6}, rules
    )
    assert verdict.is_valid
    assert verdict.levels == (
        ("running:gold", 1),
        ("running:silver", 0),
        ("running:bronze", 2),
        ("inherited", 0),
        ("stops", 0),
        ("shrinkage", 4 * 3),
        ("should", 2 * 5),
        ("disruption", 10 + 4096),
        ("balance", 0),
    )


def test_a_cold_move_costs_four_times_a_live_one() -> None:
    """Moving to an older CPU generation is cold."""
    cluster = snapshot([vm("s", "h1", "silver")], {1: {"cpu_generation": 1}})
    assert dict(judged(cluster, {"s": "h2"}).levels)["disruption"] == 40


def test_unknown_names_are_violations() -> None:
    """A target that names what the snapshot lacks has no levels."""
    verdict = judged(snapshot([vm("v")]), {"ghost": "h1", "v": "h9"})
    assert codes(verdict) == [Code.MALFORMED, Code.MALFORMED]
    assert verdict.levels == ()
