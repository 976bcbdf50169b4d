"""Coverage: what counts as shown."""

from __future__ import annotations

from tests.unit.review.test_testing import policy_with
from trimtab_solver.review.coverage import coverage_of
from trimtab_solver.review.testing import run_tests

ALL = {
    ("gold", "spec", "used"),
    ("low", "spec", "used"),
    ("low", "spec.evict.when", "granted"),
    ("low", "spec.evict.when", "withheld"),
    ("low", "spec.resize.when", "granted"),
    ("low", "spec.resize.when", "withheld"),
    ("pin", "spec", "satisfied"),
    ("pin", "spec", "violated"),
    ("pin", "spec", "binding"),
}


def missing_after(*cases: str) -> set[tuple[str, str, str]]:
    """What is not shown by the cases."""
    policy = policy_with(*cases)
    coverage = coverage_of(policy, run_tests(policy))
    items = {(one.item.rule, one.item.path, one.item.point.value): one.is_shown for one in coverage.items}
    assert items.keys() == ALL
    shown = sum(items.values())
    assert round(coverage.percent) == round(100 * shown / len(items))
    return {item for item, is_shown in items.items() if not is_shown}


def test_a_state_shows_rules_and_rights() -> None:
    """The pin is broken, rights are withheld, tiers have guests."""
    assert missing_after("expect: {violations: [pin]}") == {
        ("low", "spec.evict.when", "granted"),
        ("low", "spec.resize.when", "granted"),
        ("pin", "spec", "satisfied"),
        ("pin", "spec", "binding"),
    }


def test_a_case_that_fails_shows_nothing() -> None:
    """Else a test without expectations that hold would count."""
    assert missing_after("expect: {violations: []}") == ALL


def test_a_rule_that_decides_where_a_guest_goes_is_binding() -> None:
    """Without the pin the guest stays where it is; the plan that moves it names the pin."""
    moves = "placement: {e: ''}, expect: {plan: {endsOn: {a: {ids: [h3]}}}}"
    assert ("pin", "spec", "binding") not in missing_after(moves)


def test_a_rule_is_binding_when_the_plan_without_it_would_break_it() -> None:
    """The only free place is on h1: without the pin the guest would start there, with it another has to move."""
    case = "placement: {a: ''}, expect: {plan: {endsOn: {a: {ids: [h2, h3]}}, maxMigrations: 1}}"
    assert ("pin", "spec", "binding") not in missing_after(case)
    assert ("pin", "spec", "binding") in missing_after("fail: [host:h2, host:h3], expect: {plan: {down: [c, d, e, f]}}")


def test_everything_can_be_shown() -> None:
    """Rights granted and withheld, the rule satisfied, broken and binding."""
    assert (
        missing_after(
            "expect: {violations: [pin], evictable: []}",
            "hardwareFailures: 2, expect: {evictable: [b, c, d, e, f]}",
            "placement: {e: ''}, expect: {plan: {violations: []}}",
        )
        == set()
    )
