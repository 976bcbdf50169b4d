"""Hosts and guests that are added to a cluster."""

from __future__ import annotations

from tests.support.cluster import snapshot, vm
from trimtab_solver.execution.additions import add_guests, add_hosts
from trimtab_solver.snapshot import HostState, VmState
from trimtab_solver.validation import check_snapshot

_CLUSTER = snapshot([vm("a", "h1", "gold"), vm("a-2", "h2", "gold")])


def test_guests_are_added_after_the_others_and_wait() -> None:
    """Their ids are those of no other guest, also when that is done twice."""
    after = add_guests(add_guests(_CLUSTER, _CLUSTER.vms[0], 2), _CLUSTER.vms[0], 1)
    check_snapshot(after)
    assert after.vms[:2] == _CLUSTER.vms
    assert [guest.id for guest in after.vms[2:]] == ["a-3", "a-4", "a-5"]
    assert {(guest.state, guest.host_id) for guest in after.vms[2:]} == {(VmState.PENDING, "")}
    assert {guest.tier for guest in after.vms} == {"gold"}


def test_hosts_are_added_after_the_others_and_are_up() -> None:
    """They lie where the host lies that they are like, and offer the same."""
    like = _CLUSTER.hosts[0]
    after = add_hosts(_CLUSTER, like, 2)
    check_snapshot(after)
    assert after.hosts[: len(_CLUSTER.hosts)] == _CLUSTER.hosts
    for host in after.hosts[len(_CLUSTER.hosts) :]:
        assert (host.state, host.domain_ids, host.capacity) == (HostState.UP, like.domain_ids, like.capacity)
    assert len({host.id for host in after.hosts}) == len(_CLUSTER.hosts) + 2
