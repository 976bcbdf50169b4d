"""Plans by hand: preparation of hosts, durations, slots, dependencies, undo and reasons."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.support.cluster import DOWN, policy, snapshot, vm
from trimtab_solver.actions import Action, ActionKind, Phase, Plan, Undo
from trimtab_solver.options import PlanOptions
from trimtab_solver.planner import plan_recovery
from trimtab_solver.policy.documents import Selector, Spec
from trimtab_solver.rules.pin import Pin
from trimtab_solver.snapshot import FencingState, HostState, Migratability, Snapshot, VmState

_DRAINING = {"state": HostState.DRAINING}
_GIB = 1024


def _plan(found: Snapshot, **rules: Spec) -> Plan:
    return plan_recovery(found, policy(**rules), PlanOptions(budget_s=30)).plan


def _only(plan: Plan, kind: ActionKind) -> Action:
    (action,) = (action for action in plan.actions if action.kind is kind)
    return action


def _displaced(**changes: object) -> Snapshot:
    guest = vm("d", tier="gold", state=VmState.DISPLACED, host_id="h1", restart_s=42)
    return snapshot([replace(guest, **changes)], {1: DOWN, 3: DOWN, 4: DOWN})  # type: ignore[arg-type]  # any field


def test_a_failed_host_is_fenced_before_its_guest_starts_elsewhere() -> None:
    """Fencing takes 15 s, the start waits for it and takes the guest's own time, and both say why."""
    fence, start = _plan(_displaced()).actions
    assert (fence.kind, fence.host_id, fence.duration_s, fence.undo) == (ActionKind.FENCE_HOST, "h1", 15, None)
    assert (start.kind, start.host_id, start.depends_on) == (ActionKind.START, "h2", (fence.id,))
    assert (start.earliest_start_s, start.duration_s) == (15, 42)
    assert start.undo == Undo(ActionKind.STOP, "d", "h2")
    assert start.phase is Phase.RESTORE
    assert "h1 failed" in start.reason
    assert start.rules == ("gold",)


def test_a_host_that_is_fenced_already_is_not_fenced_again() -> None:
    """The start depends on nothing then; hosts whose guests stay down are left alone."""
    found = _displaced()
    fenced = replace(found.hosts[0], fencing=FencingState.FENCED)
    (start,) = _plan(replace(found, hosts=(fenced, *found.hosts[1:]))).actions
    assert (start.kind, start.depends_on, start.earliest_start_s) == (ActionKind.START, (), 0)


def test_a_cold_spare_is_booted_before_its_first_guest() -> None:
    """The start waits for as long as the spare takes to boot, and booting is undone by a shutdown."""
    spare = {"state": HostState.STANDBY, "boot_s": 77}
    boot, start = _plan(snapshot([vm("p", tier="gold")], {1: DOWN, 2: spare, 3: DOWN, 4: DOWN})).actions
    assert (boot.kind, boot.host_id, boot.duration_s) == (ActionKind.BOOT_HOST, "h2", 77)
    assert boot.undo == Undo(ActionKind.SHUTDOWN_HOST, host_id="h2")
    assert (start.depends_on, start.earliest_start_s) == ((boot.id,), 77)
    assert boot.reason == "cold spare h2 takes 1 guest"


@pytest.mark.parametrize(
    ("dirty_rate_mbps", "seconds"),
    [(0, 9), (500, 17), (999, 86), (5000, 86)],
    ids=["idle", "half the link", "nearly the link", "more than the link"],
)
def test_a_live_migration_takes_longer_the_faster_its_guest_writes(dirty_rate_mbps: int, seconds: int) -> None:
    """1 GiB over 1000 Mbit/s takes 8.6 s; writing lengthens it, tenfold at most."""
    moved = vm("m", "h1", "gold", requested={"memory_mib": _GIB}, dirty_rate_mbps=dirty_rate_mbps)
    large = {"capacity": {"memory_mib": 2 * _GIB}}
    slow = {**large, "migration_bandwidth_mbps": 1000}
    plan = _plan(snapshot([moved], {1: {**large, **_DRAINING}, 2: slow, 3: DOWN, 4: DOWN}))
    move = _only(plan, ActionKind.MIGRATE_LIVE)
    assert move.duration_s == seconds
    assert move.reason.startswith("leaves h1, which is draining")
    assert ("may never end" in move.reason) is (dirty_rate_mbps >= 1000)


def test_a_cold_migration_adds_stop_and_start() -> None:
    """5 s to stop, the copy, and the guest's own time to start; the way back is cold as well."""
    moved = vm("m", "h1", "silver", requested={"memory_mib": _GIB}, migratability=Migratability.COLD, restart_s=20)
    large = {"capacity": {"memory_mib": 2 * _GIB}, "migration_bandwidth_mbps": 1000}
    plan = _plan(snapshot([moved], {1: {**large, **_DRAINING}, 2: large, 3: DOWN, 4: DOWN}))
    move = _only(plan, ActionKind.MIGRATE_COLD)
    assert move.duration_s == 5 + 9 + 20
    assert move.undo == Undo(ActionKind.MIGRATE_COLD, "m", "h2", "h1")


def test_migrations_wait_for_a_free_slot() -> None:
    """With one slot on the host that is drained, its guests leave one after another."""
    guests = [vm(f"m{n}", "h1", "gold") for n in range(3)]
    plan = _plan(snapshot(guests, {1: {**_DRAINING, "migration_slots": 1}}))
    assert sorted(action.earliest_start_s for action in plan.actions) == [0, 1, 2]
    assert plan.makespan_s == 3
    assert not any(action.depends_on for action in plan.actions)


def test_an_eviction_says_for_whom_and_by_what_right() -> None:
    """The stop frees room for the guest that starts, names tier and failures, and is undone with the old size."""
    found = snapshot([vm("g", tier="gold"), *(vm(f"b{n}", "h2") for n in range(4))], {1: DOWN, 3: DOWN, 4: DOWN})
    plan = _plan(found)
    stop, start = _only(plan, ActionKind.STOP), _only(plan, ActionKind.START)
    assert start.depends_on == (stop.id,)
    assert stop.phase is Phase.RECLAIM
    assert stop.reason.startswith("makes room on h2 for g; bronze may be stopped")
    assert stop.undo == Undo(ActionKind.START, stop.vm_id, "h2", size={"memory_mib": 10})


def test_a_migration_names_the_rule_that_wants_it() -> None:
    """A guest on a host that its rule refuses moves, with the rule in reason and rules."""
    pin = Pin(select=Selector(ids=("x",)), hosts=Selector(ids=("h4",)))
    (move,) = _plan(snapshot([vm("x", "h1", "gold")]), stay_on_h4=pin).actions
    assert (move.kind, move.target_host_id, move.phase) == (ActionKind.MIGRATE_LIVE, "h4", Phase.REBALANCE)
    assert "stay-on-h4" in move.reason
    assert move.rules == ("gold", "stay-on-h4")
    assert move.undo == Undo(ActionKind.MIGRATE_LIVE, "x", "h4", "h1")


def test_resources_that_a_guest_does_not_ask_for_are_not_in_its_size() -> None:
    """Sizes name what the guest requests, nothing else."""
    hosts = {n: {"capacity": {"memory_mib": 40, "disk_gib": 5}} for n in range(1, 5)}
    found = snapshot([vm("p"), vm("q", "h1", requested={"memory_mib": 1, "disk_gib": 1})], hosts)
    assert _only(_plan(found), ActionKind.START).size == {"memory_mib": 10}
