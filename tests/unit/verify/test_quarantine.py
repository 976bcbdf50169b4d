"""The judge of guests in quarantine: what they may hold, and every reading of what rules count."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.support.cluster import policy, snapshot, vm
from tests.support.timing import timed
from trimtab_solver.actions import Action, ActionKind, Plan
from trimtab_solver.policy.documents import Level, Selector, Spec
from trimtab_solver.prepared import Prepared, prepare, prepare_lazily
from trimtab_solver.rules.quorum import Quorum
from trimtab_solver.rules.separate import Separate
from trimtab_solver.rules.spread import Spread
from trimtab_solver.snapshot import Snapshot, Vm, VmState
from trimtab_solver.verify.replay import verify_plan
from trimtab_solver.verify.violation import Code

_LOST = "h9"
_PAIR = Separate(level=Level.MUST, between=(Selector(ids=("a",)), Selector(ids=("b",))), topology="rack")
_ALONE = Spread(level=Level.MUST, select=Selector(ids=("a", "b", "c")), topology="rack", max_per_domain=1)


def _prepared(vms: list[Vm], **rules: Spec) -> Prepared:
    return prepare_lazily(snapshot(vms), policy(**rules), is_strict=False)


def _codes(prepared: Prepared, *actions: Action) -> set[Code]:
    plan = timed(prepared.snapshot, Plan(actions))
    return {one.code for one in verify_plan(prepared.snapshot, prepared.policy, plan, case=prepared.case).violations}


def _start(vm_id: str, host_id: str, place: int = 1) -> Action:
    return Action(place, ActionKind.START, vm_id, host_id, size={"memory_mib": 10})


@pytest.mark.parametrize(("amount", "codes"), [(20, set()), (21, {Code.ROOM})])
def test_room_that_a_guest_may_hold_is_not_given_away(amount: int, codes: set[Code]) -> None:
    """A host of 40 with 10 running has room for 10 beside a guest that may hold 20, and not beside one of 21."""
    broken = vm("x", "h1", allocated={"memory_mib": amount})
    prepared = _prepared([vm("a"), vm("b", "h1"), broken])
    assert _codes(prepared, _start("a", "h1")) == codes
    assert not _codes(prepared, _start("a", "h2"))


def test_nothing_is_given_out_where_nothing_is_known() -> None:
    """A negative amount closes its host for the resource; what is there may stay."""
    broken = vm("x", "h1", requested={"memory_mib": -1})
    prepared = _prepared([vm("a"), vm("b", "h1"), broken])
    assert _codes(prepared, _start("a", "h1")) == {Code.ROOM}
    assert not _codes(prepared)


@pytest.mark.parametrize("host_id", ["h1", "h2", "h3", "h4"])
def test_a_rule_holds_wherever_the_guest_may_run(host_id: str) -> None:
    """Apart from a guest that may be anywhere there is no place; without the rule there is."""
    broken = vm("b", _LOST)
    assert _codes(_prepared([vm("a"), broken], pair=_PAIR), _start("a", host_id)) == {Code.RULE}
    assert not _codes(_prepared([vm("a"), broken]), _start("a", host_id))


def test_a_breach_that_may_be_there_hides_none_that_comes() -> None:
    """Two members may be in the rack of h1 already; a third one is refused, since perhaps there is but one."""
    broken = vm("b", "h1", allocated={"memory_mib": 11})
    prepared = _prepared([vm("a", "h1"), vm("c"), broken], alone=_ALONE)
    assert _codes(prepared, _start("c", "h1")) == {Code.RULE}
    assert not _codes(prepared, _start("c", "h2"))


def test_a_guest_that_may_run_serves_no_quorum() -> None:
    """One of two must run: the other one may not be stopped on the word of a broken record."""
    quorum = Quorum(level=Level.MUST, select=Selector(ids=("a", "b")), min_running=1)
    stop = Action(1, ActionKind.STOP, "a", "h1")
    sound, broken = vm("b", "h2"), vm("b", "h2", allocated={"memory_mib": 11})
    assert not _codes(_prepared([vm("a", "h1"), sound], quorum=quorum), stop)
    assert _codes(_prepared([vm("a", "h1"), broken], quorum=quorum), stop) == {Code.RULE}


def test_a_share_counts_a_guest_in_quarantine() -> None:
    """Half of four must run, and the fourth has a broken record: two of the other three do."""
    half = Quorum(level=Level.MUST, select=Selector(cel="true"), min_running="50%")
    running = [vm("a", "h1"), vm("b", "h2"), vm("c")]
    stop = Action(1, ActionKind.STOP, "a", "h1")
    assert _codes(_prepared([*running, vm("x", _LOST, device_needs=("gpu",))], half=half), stop) == {Code.RULE}


def test_too_many_readings_leave_the_group_as_it_is() -> None:
    """Three guests that may be anywhere, in a rule by host: nobody of the group moves or starts, and a note says so."""
    rule = Spread(level=Level.MUST, select=Selector(cel="true"), topology="host", max_per_domain=3)
    vms = [vm("a", "h1"), vm("b"), *(vm(name, _LOST, requested={}) for name in "xyz")]
    prepared = _prepared(vms, rule=rule)
    assert _codes(prepared, _start("b", "h1")) == {Code.RULE}
    problem = prepare(snapshot(vms), policy(rule=rule), is_strict=False).problem
    assert problem.fixed[0]
    assert not problem.startable[1]
    assert any("rule" in warning and "64" in warning for warning in problem.warnings)


def test_a_host_is_not_switched_off_under_a_guest_in_quarantine() -> None:
    """It may run there."""
    prepared = _prepared([vm("x", "h1", allocated={"memory_mib": 11})])
    assert _codes(prepared, Action(1, ActionKind.SHUTDOWN_HOST, "", "h1")) == {Code.PRECONDITION}


def test_without_quarantine_nothing_changes() -> None:
    """A guest on its way to a live host is no broken record."""
    moving = replace(vm("a", "h1"), state=VmState.MIGRATING, target_host_id="h2")
    prepared: Prepared = _prepared([moving])
    assert isinstance(prepared.snapshot, Snapshot)
    assert not prepared.quarantined
