"""Documents that are in force for a time only."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.support.cluster import policy, snapshot, vm
from tests.support.targets import problem_of
from trimtab_solver.errors import PolicyRefusedError, Reason
from trimtab_solver.policy.documents import Policy, Selector
from trimtab_solver.policy.moments import LAST_SECOND, seconds_since_epoch
from trimtab_solver.rules.action_budget import ActionBudget
from trimtab_solver.rules.maintenance import Maintenance
from trimtab_solver.verify.case import Case

FROM, UNTIL = "2026-12-05T20:00:00+01:00", "2026-12-06T06:00:00+01:00"
CLUSTER = snapshot([vm("a", "h1")])


def work(**window: str) -> Policy:
    """Host h1 is worked on."""
    return policy(work=Maintenance.model_validate({"hosts": {"ids": ["h1"]}, **window}))


@pytest.mark.parametrize(
    ("moment", "window", "is_in_force"),
    [
        ("2026-12-05T18:59:59Z", {"from": FROM, "until": UNTIL}, False),
        ("2026-12-05T19:00:00Z", {"from": FROM, "until": UNTIL}, True),
        ("2026-12-06T04:59:59Z", {"from": FROM, "until": UNTIL}, True),
        ("2026-12-06T05:00:00Z", {"from": FROM, "until": UNTIL}, False),
        ("2020-01-01T00:00:00Z", {"until": UNTIL}, True),
        ("2040-01-01T00:00:00Z", {"from": FROM}, True),
        ("2040-01-01T00:00:00Z", {}, True),
    ],
)
def test_a_document_counts_within_its_window(moment: str, window: dict[str, str], is_in_force: bool) -> None:
    """From the first moment to just before the last, by the time of the snapshot, for engines and judge alike."""
    now = replace(CLUSTER, taken_at=seconds_since_epoch(moment))
    assert bool(problem_of(now, work(**window)).allowed.breach[0, 0]) is is_in_force
    assert bool(Case(now, work(**window)).exempt) is is_in_force


def test_a_window_needs_the_time() -> None:
    """A snapshot that does not tell it is refused; without windows it need not."""
    with pytest.raises(PolicyRefusedError) as refusal:
        Case(CLUSTER, work(until=UNTIL))
    (fault,) = refusal.value.faults
    assert fault.reason is Reason.POLICY_EVALUATION
    assert fault.fix == "send taken_at in the snapshot, or remove the window"
    assert Case(CLUSTER, work()).exempt == {"a"}


def test_a_disabled_document_needs_no_time() -> None:
    """It does not count at any."""
    rules = policy(work=Maintenance.model_validate({"hosts": {"ids": ["h1"]}, "until": UNTIL, "enabled": False}))
    assert not Case(CLUSTER, rules).exempt


def test_budgets_may_follow_one_another() -> None:
    """Two documents of a kind that counts once are fine while their windows do not overlap."""
    rules = policy(
        calm=ActionBudget.model_validate({"maxMigrations": 1, "until": FROM}),
        busy=ActionBudget.model_validate({"maxMigrations": 9, "from": FROM}),
    )
    at = seconds_since_epoch(FROM)
    assert Case(replace(CLUSTER, taken_at=at - 1), rules).moves.most == 1
    assert Case(replace(CLUSTER, taken_at=at), rules).moves.most == 9


@pytest.mark.parametrize(
    ("window", "message"),
    [
        ({"from": "tomorrow"}, '"tomorrow" is no point in time'),
        ({"until": "2026-12-05T20:00:00"}, "write one with its offset"),
        ({"from": UNTIL, "until": FROM}, "the window ends at"),
        ({"from": FROM, "until": FROM}, "the window ends at"),
    ],
)
def test_a_wrong_window_is_refused(window: dict[str, str], message: str) -> None:
    """No time, no offset, or an end that is not after the beginning."""
    with pytest.raises(ValueError, match=message):
        Maintenance(hosts=Selector(ids=("h1",))).model_validate({"hosts": {"ids": ["h1"]}, **window})


@pytest.mark.parametrize("until", ["9999-12-31T23:59:59Z", "9999-12-31T23:59:59-11:00"])
def test_a_window_until_the_end_of_time_has_no_end(until: str) -> None:
    """No snapshot is later than the year 9999: such a document counts at any time, be it known or not."""
    for taken_at in (0, 1, LAST_SECOND):
        assert work(until=until).at(taken_at).documents == work(until=until).documents
