"""What single actions do to a cluster: begun, done and failed."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from tests.support.cluster import DOWN, snapshot, vm
from trimtab_solver.actions import Action, ActionKind, Plan
from trimtab_solver.execution.carry_out import Execution, UnfitActionError, after_action, after_plan, places_after
from trimtab_solver.execution.progress import ActionProgress
from trimtab_solver.snapshot import FencingState, HostState, Vm, VmState
from trimtab_solver.validation import check_snapshot

_K, _P = ActionKind, ActionProgress
_GUESTS = (
    vm("runs", "h1", "gold"),
    vm("waits", tier="gold"),
    vm("sleeps", tier="gold", state=VmState.SUSPENDED),
    vm("lost", tier="gold", state=VmState.DISPLACED, host_id="h3"),
)
_CLUSTER = snapshot(_GUESTS, {3: DOWN, 4: {"state": HostState.STANDBY}})
_SIZE = {"memory_mib": 7}


def _act(
    kind: ActionKind, vm_id: str, host: str = "h1", target: str = "", size: Mapping[str, int] | None = None
) -> Action:
    return Action(1, kind, vm_id, host, target, size or {})


_START = _act(_K.START, "waits", "h2", size=_SIZE)
_RESTART = _act(_K.START, "lost", "h2", size=_SIZE)
_RESUME = _act(_K.RESUME, "sleeps", "h2", size=_SIZE)
_STOP = _act(_K.STOP, "runs")
_SUSPEND = _act(_K.SUSPEND, "runs")
_LIVE = _act(_K.MIGRATE_LIVE, "runs", target="h2")
_COLD = _act(_K.MIGRATE_COLD, "runs", target="h2")
_SHRINK = _act(_K.RESIZE, "runs", size=_SIZE)
_ON_GUESTS = (_START, _RESTART, _RESUME, _STOP, _SUSPEND, _LIVE, _COLD, _SHRINK)
_FENCE, _BOOT, _OFF = _act(_K.FENCE_HOST, "", "h3"), _act(_K.BOOT_HOST, "", "h4"), _act(_K.SHUTDOWN_HOST, "", "h2")


def _guest(action: Action, progress: ActionProgress) -> Vm:
    return next(guest for guest in after_action(_CLUSTER, action, progress).vms if guest.id == action.vm_id)


@pytest.mark.parametrize(
    ("action", "progress", "state", "host", "target", "size"),
    [
        (_START, _P.BEGUN, VmState.RUNNING, "h2", "", 7),
        (_START, _P.DONE, VmState.RUNNING, "h2", "", 7),
        (_START, _P.FAILED, VmState.PENDING, "", "", 10),
        (_RESTART, _P.BEGUN, VmState.RUNNING, "h2", "", 7),
        (_RESTART, _P.FAILED, VmState.DISPLACED, "h3", "", 10),
        (_RESUME, _P.DONE, VmState.RUNNING, "h2", "", 7),
        (_RESUME, _P.FAILED, VmState.SUSPENDED, "", "", 10),
        (_STOP, _P.BEGUN, VmState.RUNNING, "h1", "", 10),
        (_STOP, _P.DONE, VmState.PENDING, "", "", 10),
        (_STOP, _P.FAILED, VmState.RUNNING, "h1", "", 10),
        (_SUSPEND, _P.BEGUN, VmState.RUNNING, "h1", "", 10),
        (_SUSPEND, _P.DONE, VmState.SUSPENDED, "", "", 10),
        (_LIVE, _P.BEGUN, VmState.MIGRATING, "h1", "h2", 10),
        (_LIVE, _P.DONE, VmState.RUNNING, "h2", "", 10),
        (_LIVE, _P.FAILED, VmState.RUNNING, "h1", "", 10),
        (_COLD, _P.BEGUN, VmState.PENDING, "", "", 10),
        (_COLD, _P.DONE, VmState.RUNNING, "h2", "", 10),
        (_COLD, _P.FAILED, VmState.PENDING, "", "", 10),
        (_SHRINK, _P.BEGUN, VmState.RUNNING, "h1", "", 10),
        (_SHRINK, _P.DONE, VmState.RUNNING, "h1", "", 7),
        (_SHRINK, _P.FAILED, VmState.RUNNING, "h1", "", 10),
    ],
    ids=lambda value: (
        f"{value.kind}-{value.vm_id}" if isinstance(value, Action) else str(getattr(value, "name", value))
    ),
)
def test_a_guest_while_something_happens_to_it(
    action: Action, progress: ActionProgress, state: VmState, host: str, target: str, size: int
) -> None:
    """Arrivals hold room at once, departures until they are done; a failure leaves all but a cold move as it was."""
    guest = _guest(action, progress)
    held = {**guest.requested, **guest.allocated}["memory_mib"]
    assert (guest.state, guest.host_id, guest.target_host_id, held) == (state, host, target, size)


@pytest.mark.parametrize(
    ("action", "progress", "state", "fencing"),
    [
        (_FENCE, _P.BEGUN, HostState.DOWN, FencingState.UNFENCED),
        (_FENCE, _P.DONE, HostState.DOWN, FencingState.FENCED),
        (_FENCE, _P.FAILED, HostState.DOWN, FencingState.UNFENCED),
        (_BOOT, _P.BEGUN, HostState.STANDBY, FencingState.UNFENCED),
        (_BOOT, _P.DONE, HostState.UP, FencingState.UNFENCED),
        (_BOOT, _P.FAILED, HostState.DOWN, FencingState.FENCED),
        (_OFF, _P.BEGUN, HostState.MAINTENANCE, FencingState.UNFENCED),
        (_OFF, _P.DONE, HostState.STANDBY, FencingState.UNFENCED),
        (_OFF, _P.FAILED, HostState.UP, FencingState.UNFENCED),
    ],
    ids=lambda value: str(value.kind) if isinstance(value, Action) else str(getattr(value, "name", value)),
)
def test_a_host_while_something_happens_to_it(
    action: Action, progress: ActionProgress, state: HostState, fencing: FencingState
) -> None:
    """It receives nothing before it has booted and after its shutdown has begun; one that does not boot is down."""
    host = next(host for host in after_action(_CLUSTER, action, progress).hosts if host.id == action.host_id)
    assert (host.state, host.fencing) == (state, fencing)


@pytest.mark.parametrize("action", [*_ON_GUESTS, _FENCE, _BOOT, _OFF], ids=lambda a: f"{a.kind}-{a.vm_id}")
@pytest.mark.parametrize("end", [_P.DONE, _P.FAILED])
def test_it_does_not_matter_whether_the_beginning_was_recorded(action: Action, end: ActionProgress) -> None:
    """What comes of an action is the same whether or not it was seen to begin, and every state on the way is valid."""
    execution = Execution(_CLUSTER)
    execution.record(action, ActionProgress.BEGUN)
    check_snapshot(execution.snapshot())
    execution.record(action, end)
    assert execution.snapshot() == after_action(_CLUSTER, action, end)
    check_snapshot(execution.snapshot())


def test_a_plan_is_carried_out_in_order_of_its_list() -> None:
    """A guest that is stopped and started is where it was started; all others and the input are untouched."""
    again = Action(2, _K.START, "runs", "h2", size=_SIZE)
    plan = Plan((_STOP, again))
    after = after_plan(_CLUSTER, plan)
    assert [guest.place for guest in after.vms] == ["h2", "", "", ""]
    assert after.vms[1:] == _CLUSTER.vms[1:]
    assert _CLUSTER.vms[0].place == "h1"
    assert places_after(plan) == {"runs": "h2"}


def test_places_after_a_plan_name_only_who_goes_somewhere() -> None:
    """A guest that is only resized is left out, and one that goes down is nowhere."""
    plan = Plan((_SHRINK, _RESUME, _FENCE))
    assert places_after(plan) == {"sleeps": "h2"}
    assert places_after(Plan((_LIVE,))) == {"runs": "h2"}
    assert places_after(Plan((_SUSPEND,))) == {"runs": ""}


@pytest.mark.parametrize(
    ("action", "message"),
    [
        (_act(_K.STOP, "nobody"), 'action 1 (STOP): the cluster has no guest "nobody"'),
        (_act(_K.BOOT_HOST, "", "h9"), 'action 1 (BOOT_HOST): the cluster has no host "h9"'),
        (_act(_K.MIGRATE_LIVE, "runs", "h1", "h9"), 'action 1 (MIGRATE_LIVE): the cluster has no host "h9"'),
        (_act(_K.STOP, "runs", "h2"), 'guest "runs" runs on "h1"; the action is for one that runs on "h2"'),
        (_act(_K.START, "runs", "h2"), 'guest "runs" runs on "h1"; the action is for one that does not run'),
        (_act(_K.RESIZE, "waits", "h2"), 'guest "waits" does not run; the action is for one that runs on "h2"'),
    ],
)
def test_an_action_that_does_not_fit_is_an_error(action: Action, message: str) -> None:
    """The message names the action, the guest or host, and what is the case instead."""
    with pytest.raises(UnfitActionError) as caught:
        after_action(_CLUSTER, action)
    assert message in str(caught.value)
