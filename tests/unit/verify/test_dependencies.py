"""What an action must wait for, told arrival by arrival and departure by departure."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from tests.support.cluster import policy, snapshot, vm
from trimtab_solver.actions import Action, ActionKind, Plan
from trimtab_solver.policy.documents import RuleSpec, Selector
from trimtab_solver.rules.quorum import Quorum
from trimtab_solver.rules.separate import Separate
from trimtab_solver.rules.spread import Spread
from trimtab_solver.verify import Code
from trimtab_solver.verify.case import Case
from trimtab_solver.verify.dependencies import Dependencies
from trimtab_solver.verify.violation import Violation

_GUESTS = [vm("a", "h1"), vm("b", "h3"), vm("c")]
_ALL = Selector(cel="true")


def _read(*depends_on: tuple[int, ...], **rules: RuleSpec) -> Dependencies:
    """Of a plan whose actions have these dependencies; they take 5 s and begin one after the other."""
    case = Case(snapshot(_GUESTS), policy(**rules))
    actions = (
        Action(n, ActionKind.STOP, depends_on=before, earliest_start_s=5 * n, duration_s=5)
        for n, before in enumerate(depends_on, 1)
    )
    return Dependencies(case, Plan(tuple(actions)))


def _messages(violations: Iterable[Violation]) -> list[str]:
    found = list(violations)
    assert {violation.code for violation in found} <= {Code.DEPENDENCY}
    return [violation.message for violation in found]


def test_dependencies_reach_through_others() -> None:
    """4 depends on 1 by way of 3 and 2; not on 5, which nobody names."""
    read = _read((), (1,), (2,), (3,), ())
    assert not _messages(read.require(4, 1 << 1 | 1 << 2, "x"))
    assert _messages(read.require(5, 1 << 1, "room is freed")) == ["must depend on 1: room is freed"]


def test_only_the_first_missing_ones_are_named() -> None:
    """Five, and that there are more."""
    read = _read(*[()] * 8)
    assert _messages(read.require(8, sum(1 << n for n in range(1, 8)), "x")) == ["must depend on 1, 2, 3, 4, 5, ...: x"]


@pytest.mark.parametrize("before", [0, 2, 3, -1])
def test_only_earlier_actions_can_be_waited_for(before: int) -> None:
    """Neither the action itself, nor a later one, nor one that does not exist."""
    assert [fault.code for fault in _read((), (before,)).faults] == [Code.DEPENDENCY]


def test_times_follow_dependencies() -> None:
    """Beginning before the end of what it waits for is a fault, and so is a negative time."""
    case = Case(snapshot(_GUESTS), policy())
    early = Action(2, ActionKind.STOP, depends_on=(1,), earliest_start_s=4)
    plan = Plan((Action(1, ActionKind.STOP, duration_s=5), early, Action(3, ActionKind.STOP, earliest_start_s=-1)))
    assert [(fault.step, fault.code) for fault in Dependencies(case, plan).faults] == [
        (2, Code.TIMING),
        (3, Code.TIMING),
    ]


def test_an_arrival_waits_for_every_earlier_departure_from_its_host() -> None:
    """Not for departures from elsewhere, nor for other arrivals."""
    read = _read((), (), (), ())
    assert not _messages(read.move(1, "a", "h1", ""))
    assert not _messages(read.move(2, "b", "h3", ""))
    assert not _messages(read.fill(3, "h2"))
    assert _messages(read.move(4, "c", "", "h1")) == ["must depend on 1: room on h1 is freed by then"]


def test_actions_of_one_guest_wait_for_each_other() -> None:
    """Each for the one before."""
    read = _read((), (), (2,))
    assert not _messages(read.guest(1, "a"))
    assert _messages(read.guest(2, "a")) == ["must depend on 1: earlier action of a"]
    assert not _messages(read.guest(3, "a"))


def test_a_shutdown_waits_for_all_that_happened_on_the_host() -> None:
    """Arrivals and departures alike."""
    read = _read((), (), ())
    assert not _messages(read.fill(1, "h1"))
    read.free(2, "h1")
    assert _messages(read.shutdown(3, "h1")) == ["must depend on 1, 2: h1 is used until then"]


@pytest.mark.parametrize(
    "rule",
    [
        Spread(select=_ALL, topology="site", max_per_domain=1),
        Separate(between=(Selector(ids=("a",)), Selector(ids=("c",))), topology="site"),
    ],
    ids=["limit", "separate"],
)
def test_a_crowded_domain_is_left_before_it_is_entered(rule: RuleSpec) -> None:
    """From any of its hosts; moves within the domain and in another one do not matter."""
    read = _read((), (), (), crowded=rule)
    assert not _messages(read.move(1, "a", "h1", "h3"))
    assert _messages(read.move(2, "c", "", "h2")) == ["must depend on 1: rule crowded needs east left by then"]
    within = _read((), (), crowded=rule)
    assert not _messages(within.move(1, "a", "h1", "h2"))
    assert not _messages(within.move(2, "c", "", "h2"))


def test_members_of_an_ordered_group_change_one_after_another() -> None:
    """Whatever their domains."""
    read = _read((), (), ordered=Quorum(select=_ALL, min_running=1))
    assert not _messages(read.move(1, "a", "h1", ""))
    assert _messages(read.move(2, "c", "", "h4")) == [
        "must depend on 1: rule ordered lets its members change one after another"
    ]
