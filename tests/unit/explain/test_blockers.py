"""Who stays on hosts that are to be emptied, and why."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.support.cluster import DOWN, policy, snapshot, vm
from trimtab_solver.explain.admission import explain_guest
from trimtab_solver.outcome import Blocker
from trimtab_solver.planner import plan_recovery
from trimtab_solver.policy.documents import Level, Selector, Spec
from trimtab_solver.rules.action_budget import ActionBudget
from trimtab_solver.rules.maintenance import Maintenance
from trimtab_solver.rules.separate import Separate
from trimtab_solver.rules.spread import Spread
from trimtab_solver.snapshot import FencingState, HostState, Migratability, PoolKind, Snapshot, StoragePool, Vm, VmState

_CLOSED: dict[str, Any] = {"state": HostState.MAINTENANCE}
_TWO_ARE_DOWN = {3: DOWN, 4: DOWN}


def _blockers(*vms: Vm, first: dict[str, Any] = _CLOSED, **rules: Spec) -> tuple[Blocker, ...]:
    """Who stays on h1; h2 is the only other host."""
    return plan_recovery(snapshot(vms, {1: first, **_TWO_ARE_DOWN}), policy(**rules)).blockers


def test_who_can_leave_is_no_blocker() -> None:
    """Nobody is named when the host gets empty."""
    assert _blockers(vm("a", "h1", "gold")) == ()


def test_a_guest_that_cannot_be_migrated_blocks() -> None:
    """The only one named; what has to be done by hand is said."""
    (one,) = _blockers(vm("desk", "h1", "gold", migratability=Migratability.NONE), vm("a", "h1", "gold"))
    assert (one.vm_id, one.tier, one.host_id, one.emptied_by) == ("desk", "gold", "h1", "MAINTENANCE")
    assert one.reason == (
        "it cannot be migrated while it runs (migratability NONE), and tier gold does not permit to stop it at "
        "1 hardware failure; stop it by hand to empty the host"
    )
    assert one.rules == ("gold",)


@pytest.mark.parametrize(
    ("guest", "reason"),
    [
        (vm("a", "h1", "gold", device_needs=("gpu",)), "1 without gpu"),
        (vm("a", "h1", "gold", requested={"memory_mib": 35}), "1 full of others (memory)"),
    ],
    ids=["device", "room"],
)
def test_a_guest_with_nowhere_to_go_blocks(guest: Vm, reason: str) -> None:
    """Its device is nowhere else, or others fill the other host."""
    first = {**_CLOSED, "capabilities": ("gpu",)}
    (one,) = _blockers(guest, vm("b", "h2", "gold"), first=first)
    assert one.reason == (
        f"in this plan no other host has a place for it: 2 down, draining or in maintenance; {reason}"
    )


@pytest.mark.parametrize(
    ("kind", "second", "reason"),
    [
        (PoolKind.LOCAL, {}, "its disk is local to h1: no other host reaches storage pool p"),
        (PoolKind.SHARED, {}, "no other host reaches storage pool p"),
        (
            PoolKind.SHARED,
            {3: {**DOWN, "storage_pool_ids": ("p",)}},
            "no other host that takes guests reaches its storage pool p; h3 (down) would",
        ),
    ],
)
def test_a_guest_whose_disk_is_nowhere_else_blocks(
    kind: PoolKind, second: dict[int, dict[str, Any]], reason: str
) -> None:
    """The pool is named, and where else it is; with the pool on the other host nobody blocks."""
    pool = {"storage_pool_ids": ("p",)}
    for hosts, wanted in ((second, [reason]), ({2: pool}, [])):
        guest = vm("a", "h1", "silver", storage_pool_id="p")
        found = snapshot([guest], {1: {**_CLOSED, **pool}, **_TWO_ARE_DOWN, **hosts})
        found = replace(found, storage_pools=(StoragePool("p", kind),))
        assert [one.reason for one in plan_recovery(found, policy()).blockers] == wanted


def _with_late(count: int) -> Snapshot:
    """Two guests of a group, one of them down, the other on a host in maintenance; `count` records make no sense."""
    late = [vm(f"late{i}", "gone", "gold", group="g") for i in range(count)]
    guests = (vm("a", "h1", "silver", group="g"), replace(vm("b", "h2", "gold", group="g"), state=VmState.DISPLACED))
    return snapshot((*late, *guests), {1: _CLOSED, 2: {**DOWN, "fencing": FencingState.FENCED}})


@pytest.mark.parametrize(("count", "is_frozen"), [(1, False), (4, True)])
def test_what_too_many_readings_keep_is_told_as_that(count: int, is_frozen: bool) -> None:
    """Who stays and who stays down name the rule and quarantine; guests in quarantine block nothing by themselves."""
    apart = Spread(select=Selector(cel="vm.group == 'g'"), topology="host", max_per_domain=3, level=Level.MUST)
    found, rules = _with_late(count), policy(apart=apart)
    answer = plan_recovery(found, rules)
    told = [(one.vm_id, one.reason, one.rules) for one in answer.blockers]
    told += [(one.vm_id, one.reason, one.rules) for one in answer.stays_down]
    why = "rule apart keeps it as it is: guests in quarantine that it counts may run in more than 64 ways"
    assert told == ([("a", why, ("apart",)), ("b", why, ("apart",))] if is_frozen else [])
    hosts = [host for name in "ab" for host in explain_guest(found, rules, name).hosts]
    assert any(why == one.message for host in hosts for one in host.objections) is is_frozen
    (one, *_) = explain_guest(found, rules, "late0").hosts
    assert one.objections[0].message.startswith("the record of late0 makes no sense, and it is left alone")


def test_a_partner_on_the_only_other_host_blocks() -> None:
    """The rule that keeps them apart is named."""
    apart = Separate(between=(Selector(ids=("a",)), Selector(ids=("b",))), topology="host", level=Level.MUST)
    (one,) = _blockers(vm("a", "h1", "gold"), vm("b", "h2", "gold"), apart=apart)
    assert one.reason.endswith("; 1 refused by apart")
    assert one.rules == ("apart",)


def test_a_document_empties_hosts_as_well() -> None:
    """It is named as the cause, and a wish that the budget of moves forbids is told as that."""
    work = Maintenance(hosts=Selector(ids=("h1",)), level=Level.SHOULD, weight=1)
    (one,) = _blockers(vm("a", "h1", "gold"), first={}, work=work, calm=ActionBudget(max_migrations=0))
    assert (one.emptied_by, one.reason) == (
        "work",
        "another host has a place for it, but the plan may move no more guests (ActionBudget)",
    )
