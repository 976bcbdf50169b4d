"""What actions depend on, directly or through others, and what they must in any case."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from trimtab_solver.actions import Action, ActionKind, Plan
from trimtab_solver.verify import Code
from trimtab_solver.verify.dependencies import Dependencies
from trimtab_solver.verify.violation import Violation


def _read(*depends_on: tuple[int, ...]) -> Dependencies:
    """Of a plan whose actions have these dependencies; they take 5 s and begin one after the other."""
    actions = (
        Action(n, ActionKind.STOP, depends_on=before, earliest_start_s=5 * n, duration_s=5)
        for n, before in enumerate(depends_on, 1)
    )
    return Dependencies(Plan(tuple(actions)))


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
    early = Action(2, ActionKind.STOP, depends_on=(1,), earliest_start_s=4)
    plan = Plan((Action(1, ActionKind.STOP, duration_s=5), early, Action(3, ActionKind.STOP, earliest_start_s=-1)))
    assert [(fault.step, fault.code) for fault in Dependencies(plan).faults] == [
        (2, Code.TIMING),
        (3, Code.TIMING),
    ]


def test_actions_of_one_guest_wait_for_each_other() -> None:
    """Each for the one before."""
    read = _read((), (), (2,))
    assert not _messages(read.guest(1, "a"))
    assert _messages(read.guest(2, "a")) == ["must depend on 1: earlier action of a"]
    assert not _messages(read.guest(3, "a"))


def test_a_shutdown_waits_for_all_that_happened_on_the_host() -> None:
    """And not for what happened elsewhere."""
    read = _read((), (), (), ())
    for place, host_id in ((1, "h1"), (2, "h1"), (3, "h2")):
        read.use(place, host_id)
    assert _messages(read.shutdown(4, "h1")) == ["must depend on 1, 2: h1 is used until then"]
