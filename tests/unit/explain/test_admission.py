"""Where a guest could run now; what each condition says is tested through ``trimtab explain``."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.support.cluster import DOWN, policy, snapshot, vm
from trimtab_solver.errors import RefusedError, SnapshotRefusedError
from trimtab_solver.explain.admission import explain_guest
from trimtab_solver.explain.explanation import Condition
from trimtab_solver.policy.documents import Level, Selector
from trimtab_solver.rules.separate import Separate
from trimtab_solver.snapshot import VmState

APART = Separate(between=(Selector(ids=("a",)), Selector(ids=("b",))), topology="rack", level=Level.MUST)
BIG = vm("big", "h3", requested={"memory_mib": 40})


def test_every_host_is_asked() -> None:
    """Where it runs, where a partner runs, what is full, what is down: each host answers for itself, in their order."""
    found = snapshot((vm("a", "h1"), vm("b", "h2"), BIG), {4: DOWN})
    explanation = explain_guest(found, policy(apart=APART), "a")
    assert (explanation.vm_id, explanation.tier) == ("a", "bronze")
    said = {one.host_id: [objection.condition for objection in one.objections] for one in explanation.hosts}
    assert said == {"h1": [], "h2": [Condition.RULE], "h3": [Condition.ROOM], "h4": [Condition.POWER]}
    assert explanation.hosts[0].remarks == ("a runs there now",)
    assert explanation.hosts[1].objections[0].rule == "apart"
    assert explanation.hosts[1].remarks == ()


def test_one_host_answers_as_among_all() -> None:
    """Asking about one host or about all of them makes no difference."""
    found = snapshot((vm("a", "h1"), vm("b", "h2"), BIG))
    together = explain_guest(found, policy(apart=APART), "a").hosts
    assert tuple(explain_guest(found, policy(apart=APART), "a", one.host_id).hosts[0] for one in together) == together


@pytest.mark.parametrize("state", [VmState.STOPPED, VmState.MIGRATING])
def test_a_guest_that_plans_leave_alone_is_refused_everywhere(state: VmState) -> None:
    """Whatever the host; the one that it is on its way to has it."""
    target = "h2" if state is VmState.MIGRATING else ""
    place = "h1" if state is VmState.MIGRATING else ""
    guest = replace(vm("a", place), state=state, target_host_id=target)
    hosts = explain_guest(snapshot((guest,)), policy(), "a").hosts
    conditions = [tuple(objection.condition for objection in one.objections) for one in hosts]
    refused = (Condition.STATE,)
    assert conditions == [refused, () if target else refused, refused, refused]


def test_wrong_input_is_refused() -> None:
    """A snapshot that contradicts itself; a guest or a host that is not there, with a guess."""
    found = snapshot((vm("a", "h1"),))
    with pytest.raises(RefusedError, match=r"vm_id: the snapshot holds no guest 'b' \(it holds a\)"):
        explain_guest(found, policy(), "b")
    with pytest.raises(RefusedError, match=r"host_id: the snapshot holds no host 'h9' \(it holds h1, h2, h3, h4"):
        explain_guest(found, policy(), "a", "h9")
    with pytest.raises(SnapshotRefusedError):
        explain_guest(replace(found, hosts=()), policy(), "a")
