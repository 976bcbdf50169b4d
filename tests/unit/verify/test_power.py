"""Hosts that are fenced, booted and shut down while a plan is replayed."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.cluster import DOWN, policy, snapshot, vm
from trimtab_solver.actions import Action, ActionKind, Plan
from trimtab_solver.snapshot import FencingState, HostState, VmState
from trimtab_solver.verify import Code
from trimtab_solver.verify.case import Case
from trimtab_solver.verify.dependencies import Dependencies
from trimtab_solver.verify.kinds import OfHost
from trimtab_solver.verify.power import Power
from trimtab_solver.verify.violation import Violation

_K = ActionKind
_STANDBY = {"state": HostState.STANDBY}


class _Replay:
    """Power over a cluster where h1 is down, h2 up, h3 a spare; actions depend on all earlier ones if `ordered`."""

    def __init__(self, *, ordered: bool = True, **h1: Any) -> None:
        guest = vm("lost", state=VmState.DISPLACED, host_id="h1")
        self.case = Case(snapshot([guest], {1: {**DOWN, **h1}, 3: _STANDBY}), policy())
        actions = (Action(n, _K.STOP, depends_on=tuple(range(1, n)) if ordered else ()) for n in range(1, 9))
        self.power = Power(self.case, Dependencies(Plan(tuple(actions))))
        self._place = 0

    def do(self, kind: OfHost, host_id: str, guests: int = 0) -> list[Code]:
        self._place += 1
        return _codes(self.power.perform(self._place, kind, self.case.hosts[host_id], guests))

    def arrive(self, host_id: str) -> list[Code]:
        self._place += 1
        return _codes(self.power.arrival(self._place, self.case.hosts[host_id]))

    def restart(self) -> list[Code]:
        self._place += 1
        return _codes(self.power.restart(self._place, self.case.vms["lost"]))


def _codes(violations: Any) -> list[Code]:
    return [violation.code for violation in violations if isinstance(violation, Violation)]


@pytest.mark.parametrize("host_id", ["h2", "h3"])
def test_only_hosts_that_are_down_are_fenced(host_id: str) -> None:
    """Those that run or stand by are not."""
    assert _Replay().do(_K.FENCE_HOST, host_id) == [Code.PRECONDITION]


def test_a_host_is_fenced_once_and_then_its_guests_start() -> None:
    """Before that they do not, and the start depends on the fencing."""
    replay = _Replay()
    assert replay.restart() == [Code.FENCING]
    assert replay.do(_K.FENCE_HOST, "h1") == []
    assert replay.restart() == []
    assert replay.do(_K.FENCE_HOST, "h1") == [Code.PRECONDITION]
    hasty = _Replay(ordered=False)
    assert hasty.do(_K.FENCE_HOST, "h1") == []
    assert hasty.restart() == [Code.DEPENDENCY]


def test_some_hosts_need_no_fencing_and_some_cannot_be_fenced() -> None:
    """As the snapshot says."""
    assert _Replay(fencing=FencingState.FENCED).restart() == []
    never = _Replay(fencing=FencingState.UNFENCEABLE)
    assert never.do(_K.FENCE_HOST, "h1") == [Code.FENCING]
    assert never.restart() == [Code.FENCING]


def test_only_a_spare_is_booted_and_guests_come_after_that() -> None:
    """A host that is down or runs already cannot be booted; an arrival depends on the boot."""
    replay = _Replay()
    assert replay.arrive("h3") == [Code.POWER]
    assert replay.do(_K.BOOT_HOST, "h3") == []
    assert replay.arrive("h3") == []
    assert replay.do(_K.BOOT_HOST, "h3") == [Code.PRECONDITION]
    assert replay.do(_K.BOOT_HOST, "h2") == [Code.PRECONDITION]
    assert replay.do(_K.BOOT_HOST, "h1") == [Code.PRECONDITION]
    hasty = _Replay(ordered=False)
    hasty.do(_K.BOOT_HOST, "h3")
    assert hasty.arrive("h3") == [Code.DEPENDENCY]
    assert hasty.arrive("h2") == []


def test_a_host_is_shut_down_when_it_runs_nothing() -> None:
    """And nothing arrives afterwards, until it is booted again."""
    replay = _Replay()
    assert replay.do(_K.SHUTDOWN_HOST, "h2", guests=1) == [Code.PRECONDITION]
    replay = _Replay()
    assert replay.do(_K.SHUTDOWN_HOST, "h3") == [Code.PRECONDITION]
    assert replay.do(_K.SHUTDOWN_HOST, "h2") == []
    assert replay.arrive("h2") == [Code.POWER]
    assert replay.do(_K.BOOT_HOST, "h2") == []
    assert replay.arrive("h2") == []
