"""What happens to a cluster from outside."""

from __future__ import annotations

import pytest

from tests.support.cluster import snapshot, vm
from trimtab_solver.errors import SnapshotRefusedError
from trimtab_solver.execution.events import hosts_become, move_guest, resize_guest
from trimtab_solver.snapshot import HostState, VmState
from trimtab_solver.validation import check_snapshot

_CLUSTER = snapshot(
    [
        vm("stays", "h1", "gold"),
        vm("falls", "h2", "gold"),
        vm("comes", "h1", "gold", state=VmState.MIGRATING, target_host_id="h2"),
        vm("goes", "h2", "gold", state=VmState.MIGRATING, target_host_id="h1"),
    ]
)


def test_guests_of_a_failed_host_are_displaced_and_guests_on_their_way_to_it_stay() -> None:
    """Whoever runs on it, or leaves it, is displaced; whoever was coming is where it came from."""
    after = hosts_become(_CLUSTER, {"h2"}, HostState.DOWN)
    check_snapshot(after)
    assert [(guest.state, guest.host_id) for guest in after.vms] == [
        (VmState.RUNNING, "h1"),
        (VmState.DISPLACED, "h2"),
        (VmState.RUNNING, "h1"),
        (VmState.DISPLACED, "h2"),
    ]
    assert all(not guest.target_host_id for guest in after.vms)


def test_guests_of_a_host_that_comes_back_wait_to_be_started() -> None:
    """They are pending, wherever they may run then; the others are as before."""
    down = hosts_become(_CLUSTER, {"h2"}, HostState.DOWN)
    back = hosts_become(down, {"h2"}, HostState.UP)
    check_snapshot(back)
    assert [guest.state for guest in back.vms] == [VmState.RUNNING, VmState.PENDING, VmState.RUNNING, VmState.PENDING]
    assert back.hosts == _CLUSTER.hosts


def test_a_host_that_is_drained_keeps_what_it_runs() -> None:
    """Nothing moves by itself."""
    after = hosts_become(_CLUSTER, {"h1"}, HostState.DRAINING)
    assert after.vms == _CLUSTER.vms
    assert [host.state for host in after.hosts[:2]] == [HostState.DRAINING, HostState.UP]


def test_a_guest_that_is_moved_runs_where_it_was_brought_to() -> None:
    """Whether it ran, was on its way or waited; nobody else is touched."""
    waiting = snapshot([*_CLUSTER.vms, vm("waits", tier="gold")])
    for name in ("stays", "goes", "waits"):
        after = move_guest(waiting, name, "h3")
        check_snapshot(after)
        moved = next(guest for guest in after.vms if guest.id == name)
        assert (moved.state, moved.host_id, moved.target_host_id) == (VmState.RUNNING, "h3", "")
        assert [guest for guest in after.vms if guest.id != name] == [g for g in waiting.vms if g.id != name]


def test_a_guest_that_is_resized_holds_no_more_than_before() -> None:
    """More it is given by a plan; less it holds at once, and is guaranteed no more than it requests."""
    guest = vm("a", "h1", "silver", requested={"memory_mib": 10, "cpu_milli": 4}, guaranteed={"memory_mib": 6})
    cluster = snapshot([guest, vm("b", tier="silver")])
    (more, waiting) = resize_guest(cluster, "a", {"memory_mib": 20}).vms
    assert (more.requested, more.allocated) == (
        {"memory_mib": 20, "cpu_milli": 4},
        {"memory_mib": 10, "cpu_milli": 4},
    )
    assert more.guaranteed == {"memory_mib": 6}
    assert waiting is cluster.vms[1]
    (less, _) = resize_guest(cluster, "a", {"memory_mib": 5}).vms
    assert (less.allocated, less.guaranteed) == ({"memory_mib": 5, "cpu_milli": 4}, {"memory_mib": 5})
    (_, waiting) = resize_guest(cluster, "b", {"memory_mib": 5}).vms
    assert (waiting.requested, waiting.allocated) == ({"memory_mib": 5}, {})


def test_who_is_moved_or_resized_must_be_there() -> None:
    """Else the event is refused, with the name."""
    with pytest.raises(SnapshotRefusedError, match='no host "h9"'):
        move_guest(_CLUSTER, "stays", "h9")
    with pytest.raises(SnapshotRefusedError, match='no guest "nobody"'):
        move_guest(_CLUSTER, "nobody", "h1")
    with pytest.raises(SnapshotRefusedError, match='no guest "nobody"'):
        resize_guest(_CLUSTER, "nobody", {"memory_mib": 1})
