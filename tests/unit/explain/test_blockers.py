"""Who stays on hosts that are to be emptied, and why."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.support.cluster import DOWN, policy, snapshot, vm
from trimtab_solver.outcome import Blocker
from trimtab_solver.planner import plan_recovery
from trimtab_solver.policy.documents import Level, Selector, Spec
from trimtab_solver.rules.action_budget import ActionBudget
from trimtab_solver.rules.maintenance import Maintenance
from trimtab_solver.rules.separate import Separate
from trimtab_solver.snapshot import HostState, Migratability, StoragePool, Vm

_CLOSED: dict[str, Any] = {"state": HostState.MAINTENANCE}
_TWO_ARE_DOWN = {3: DOWN, 4: DOWN}


def _blockers(*vms: Vm, first: dict[str, Any] = _CLOSED, **rules: Spec) -> tuple[Blocker, ...]:
    """Who stays on h1; h2 is the only other host."""
    found = replace(snapshot(vms, {1: first, **_TWO_ARE_DOWN}), storage_pools=(StoragePool("local"),))
    return plan_recovery(found, policy(**rules)).blockers


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
        (vm("a", "h1", "gold", storage_pool_id="local"), "1 without storage pool local"),
        (vm("a", "h1", "gold", device_needs=("gpu",)), "1 without gpu"),
        (vm("a", "h1", "gold", requested={"memory_mib": 35}), "1 full of others (memory)"),
    ],
    ids=["local disk", "device", "room"],
)
def test_a_guest_with_nowhere_to_go_blocks(guest: Vm, reason: str) -> None:
    """Its disk or its device is nowhere else, or others fill the other host."""
    first = {**_CLOSED, "storage_pool_ids": ("local",), "capabilities": ("gpu",)}
    (one,) = _blockers(guest, vm("b", "h2", "gold"), first=first)
    assert one.reason == (
        f"in this plan no other host has a place for it: 2 down, draining or in maintenance; {reason}"
    )


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
