"""The budget of moves, what they cost, and what moved guests hold on their first host, figured by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.support.cluster import policy, snapshot, vm
from tests.unit.verify.test_placement_judge import judged
from tests.unit.verify.test_replay import TEN, K, act, codes, verified
from trimtab_solver.errors import PolicyRefusedError, Reason
from trimtab_solver.policy.documents import Selector
from trimtab_solver.rules.action_budget import ActionBudget, Crossing
from trimtab_solver.rules.pin import Pin
from trimtab_solver.snapshot import HostState
from trimtab_solver.verify import Code
from trimtab_solver.verify.case import Case

_TWO = snapshot([vm("a", "h1", group="shop"), vm("b", "h1", group="shop"), vm("c", "h1")])
_MOVES = [act(K.MIGRATE_LIVE, name, "h1", f"h{n}") for n, name in enumerate("abc", 2)]


@pytest.mark.parametrize(
    ("written", "running", "most"),
    [
        (None, 0, 20),
        (None, 1000, 20),
        (None, 1049, 20),
        (None, 1050, 21),
        (None, 50_000, 1000),
        (0, 50_000, 0),
        (7, 3, 7),
        ("2%", 149, 2),
        ("0.5%", 1000, 5),
        ("0.5%", 199, 0),
        ("100%", 33, 33),
        ("33.4%", 3, 1),
    ],
)
def test_the_budget_is_a_number_a_share_or_the_default(written: int | str | None, running: int, most: int) -> None:
    """Shares are rounded down; only the default has a minimum."""
    assert ActionBudget(max_migrations=written).migrations(running) == most


@pytest.mark.parametrize("written", ["2 %", "2", "101%", "-1%", "0.25%", "", -1])
def test_what_is_neither_a_number_nor_a_share_is_refused(written: int | str) -> None:
    """The message shows the value and the way to write it."""
    with pytest.raises(ValueError, match=r"maxMigrations is .*; write"):
        ActionBudget(max_migrations=written)


def test_the_default_holds_without_a_document() -> None:
    """Twenty of thirty guests may be moved; the twenty-first move is one too many, at the action that makes it."""
    cluster = snapshot(
        [vm(f"v{n}", "h1", requested={"memory_mib": 1}) for n in range(30)], {2: {"capacity": {"memory_mib": 99}}}
    )
    moves = [act(K.MIGRATE_LIVE, f"v{n}", "h1", "h2") for n in range(21)]
    assert verified(cluster, *moves[:20]).is_valid
    (violation,) = verified(cluster, *moves).violations
    assert (violation.step, violation.code, violation.amount, violation.limit) == (21, Code.BUDGET, 21, 20)
    assert violation.rule == "(default budget)"


def test_a_guest_counts_once_however_often_it_moves() -> None:
    """Parking is no second move, and coming back undoes none."""
    rules = policy(calm=ActionBudget(max_migrations=1))
    park = (act(K.MIGRATE_LIVE, "a", "h1", "h3"), act(K.MIGRATE_LIVE, "a", "h3", "h2", after=(1,)))
    back = (act(K.MIGRATE_LIVE, "a", "h1", "h3"), act(K.MIGRATE_LIVE, "a", "h3", "h1", after=(1,)))
    assert verified(_TWO, *park, rules=rules).is_valid
    assert verified(_TWO, *back, rules=rules).is_valid
    assert codes(verified(_TWO, *back, _MOVES[2], rules=rules)) == [Code.BUDGET]


def test_a_restart_elsewhere_counts_and_one_in_place_does_not() -> None:
    """What matters is on which host the guest runs, not how it got there."""
    rules = policy(calm=ActionBudget(max_migrations=0))
    stop = act(K.STOP, "a", "h1")
    assert verified(_TWO, stop, act(K.START, "a", "h1", after=(1,)), rules=rules).is_valid
    assert codes(verified(_TWO, stop, act(K.START, "a", "h2", after=(1,)), rules=rules)) == [Code.BUDGET]
    assert verified(snapshot([vm("new")]), act(K.START, "new", "h2"), rules=rules).is_valid


def test_applications_have_a_budget_of_their_own() -> None:
    """By the guest's group, or by what groupBy says; guests without an application are not limited."""
    rules = policy(calm=ActionBudget(max_migrations_per_group=1))
    assert codes(verified(_TWO, *_MOVES, rules=rules)) == [Code.BUDGET]
    assert verified(_TWO, _MOVES[0], _MOVES[2], rules=rules).is_valid
    by_id = policy(calm=ActionBudget(max_migrations_per_group=1, group_by="vm.id"))
    assert verified(_TWO, *_MOVES, rules=by_id).is_valid


def test_guests_that_must_leave_do_not_count() -> None:
    """A must Pin that is broken, or a drained host, is a reason to leave."""
    calm = ActionBudget(max_migrations=0, max_migrations_per_group=1)
    pin = Pin(select=Selector(ids=("a",)), hosts=Selector(ids=("h2", "h3")))
    assert codes(verified(_TWO, *_MOVES[:2], rules=policy(calm=calm, home=pin))) == [Code.BUDGET]
    assert verified(_TWO, _MOVES[0], rules=policy(calm=calm, home=pin)).is_valid
    drained = snapshot(_TWO.vms, {1: {"state": HostState.DRAINING}})
    assert verified(drained, *_MOVES, rules=policy(calm=calm)).is_valid


def test_a_target_is_held_to_the_budget_as_well() -> None:
    """Where guests run in the end is counted, without a word on the way."""
    rules = policy(calm=ActionBudget(max_migrations=1))
    assert [v.code for v in judged(_TWO, {"a": "h2", "b": "h3", "c": "h1"}, rules=rules).violations] == [Code.BUDGET]
    assert judged(_TWO, {"a": "h2", "b": "h1", "c": "h1"}, rules=rules).is_valid


def test_moves_cost_what_they_cross_and_whom_they_disturb() -> None:
    """10 MiB each; a to the same site, b and c to the other one; of application shop move two."""
    crossing = (Crossing(topology="site", cost=100), Crossing(topology="host", cost=1))
    rules = policy(calm=ActionBudget(crossing=crossing, group_weight=1000))
    verdict = judged(_TWO, {"a": "h2", "b": "h3", "c": "h4"}, rules=rules)
    assert dict(verdict.levels)["disruption"] == 3 * 10 + 2 * 100 + 3 * 1 + 2 * 1000
    assert dict(judged(_TWO, dict.fromkeys("abc", "h1"), rules=rules).levels)["disruption"] == 0


def test_two_budgets_are_refused_unless_one_is_switched_off() -> None:
    """The fault names both."""
    first, second = ActionBudget(max_migrations=1), ActionBudget(max_migrations=2)
    with pytest.raises(PolicyRefusedError) as refusal:
        Case(_TWO, policy(first=first, second=second))
    (fault,) = refusal.value.faults
    assert fault.reason is Reason.POLICY_CONFLICT
    assert "first" in fault.message
    assert "second" in fault.message
    off = second.model_copy(update={"enabled": False})
    assert Case(_TWO, policy(first=first, second=off)).moves.most == 1


_HELD = policy(calm=ActionBudget(held_at_both_ends=("memory_mib",)))


def test_what_is_held_at_both_ends_takes_room_until_the_plan_is_over() -> None:
    """A guest that has left a full host frees nothing there; one that was evicted for good does."""
    cluster = snapshot([*(vm(f"b{n}", "h1") for n in range(4)), vm("new", tier="gold")])
    leave, enter = act(K.MIGRATE_LIVE, "b0", "h1", "h2"), act(K.START, "new", "h1", after=(1,))
    assert verified(cluster, leave, enter).is_valid
    assert codes(verified(cluster, leave, enter, rules=_HELD)) == [Code.ROOM]
    assert verified(cluster, act(K.STOP, "b0", "h1"), enter, rules=_HELD).is_valid
    place = {"b0": "h2", "b1": "h1", "b2": "h1", "b3": "h1", "new": "h1"}
    assert judged(cluster, place).is_valid
    assert [v.code for v in judged(cluster, place, rules=_HELD).violations] == [Code.ROOM]


def test_what_is_held_is_what_there_was_at_first() -> None:
    """A guest that shrank and then left holds its first size again: the room it gave up was lent."""
    cluster = snapshot([vm("s", "h1", "silver"), *(vm(f"b{n}", "h1") for n in range(3)), vm("t", tier="silver")])
    shrink, leave = act(K.RESIZE, "s", "h1", size={"memory_mib": 5}), act(K.MIGRATE_LIVE, "s", "h1", "h2", after=(1,))
    enter = act(K.START, "t", "h1", after=(1,), size={"memory_mib": 5})
    assert verified(cluster, shrink, enter, rules=_HELD).is_valid
    assert codes(verified(cluster, shrink, enter, replace(leave, depends_on=(1, 2)), rules=_HELD)) == [Code.ROOM]


def test_an_action_that_holds_more_on_the_first_host_waits_for_room_there() -> None:
    """A guest that shrank and leaves, or was stopped and starts elsewhere, takes room on its first host again."""
    cluster = snapshot([vm("s", "h1", "silver"), *(vm(f"b{n}", "h1") for n in range(3)), vm("t", tier="silver")])
    stop = act(K.STOP, "b0", "h1")
    half = {"memory_mib": 5}
    shrink, enter = act(K.RESIZE, "s", "h1", size=half), act(K.START, "t", "h1", after=(2,), size=half)
    leave = act(K.MIGRATE_LIVE, "s", "h1", "h2", after=(2,))
    assert verified(cluster, stop, shrink, enter, leave).is_valid
    assert codes(verified(cluster, stop, shrink, enter, leave, rules=_HELD)) == [Code.DEPENDENCY]
    assert verified(cluster, stop, shrink, enter, replace(leave, depends_on=(1, 2)), rules=_HELD).is_valid
    down, up = act(K.SUSPEND, "s", "h1"), act(K.RESUME, "s", "h2", after=(2,))
    assert codes(verified(cluster, stop, down, replace(enter, size=TEN), up, rules=_HELD)) == [Code.DEPENDENCY]
    waits = replace(up, depends_on=(1, 2))
    assert verified(cluster, stop, down, replace(enter, size=TEN), waits, rules=_HELD).is_valid


def test_who_returns_gives_back_what_it_held() -> None:
    """The return is a departure as well: what enters the first host afterwards waits for it."""
    small = {"memory_mib": 5}
    cluster = snapshot([vm("s", "h1", "silver"), *(vm(f"b{n}", "h1") for n in range(3)), vm("new", requested=small)])
    way = (
        act(K.RESIZE, "s", "h1", size=small),
        act(K.MIGRATE_LIVE, "s", "h1", "h2", after=(1,)),
        act(K.MIGRATE_LIVE, "s", "h2", "h1", after=(1, 2)),
    )
    enter = act(K.START, "new", "h1", after=(1, 2), size=small)
    assert codes(verified(cluster, *way, enter, rules=_HELD)) == [Code.DEPENDENCY]
    assert verified(cluster, *way, replace(enter, depends_on=(1, 2, 3)), rules=_HELD).is_valid


def test_a_host_is_not_switched_off_while_a_moved_guest_holds_something_there() -> None:
    """Not before the plan is over."""
    cluster = snapshot([vm("a", "h1")])
    way = (act(K.MIGRATE_LIVE, "a", "h1", "h2"), act(K.SHUTDOWN_HOST, "", "h1", after=(1,)))
    assert verified(cluster, *way).is_valid
    assert codes(verified(cluster, *way, rules=_HELD)) == [Code.PRECONDITION]
