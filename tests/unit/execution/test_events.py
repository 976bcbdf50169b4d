"""What happens to a cluster from outside."""

from __future__ import annotations

from tests.support.cluster import snapshot, vm
from trimtab_solver.execution.events import hosts_become
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
