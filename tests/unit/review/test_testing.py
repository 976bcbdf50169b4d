"""Policy tests: each expectation passes where it holds and fails, with its line, where it does not."""

from __future__ import annotations

import pytest

from tests.support.documents import faults_of
from trimtab_solver.authoring.loader import parse_policy
from trimtab_solver.policy.documents import Policy
from trimtab_solver.review.testing import CaseResult, run_tests

RULES = """\
{apiVersion: trimtab/v1, kind: Tier, metadata: {name: gold}, spec: {rank: 9, availability: must-run}}
---
apiVersion: trimtab/v1
kind: Tier
metadata: {name: low}
spec:
  rank: 1
  evict: {when: event.hardware_failures >= 1, action: suspend}
  resize: {when: event.hardware_failures >= 2, floor: {memory_mib: "50%"}}
---
{apiVersion: trimtab/v1, kind: Pin, metadata: {name: pin}, spec: {select: {ids: [a]}, hosts: {ids: [h2, h3]}}}
"""
TEST = """\
apiVersion: trimtab/v1
kind: PolicyTest
metadata: {name: t}
spec:
  fixtures:
    eachHost: {capacity: {memory_mib: 8}}
    hosts: {"h[1-3]": {}}
    eachVm: {requested: {memory_mib: 4}}
    vms:
      a: {tier: gold, host: h1}
      b: {tier: low, host: h1}
      c: {tier: low, host: h2}
      d: {tier: low, host: h2}
      e: {tier: low, host: h3}
      f: {tier: low, host: h3}
  cases:
"""


def policy_with(*cases: str) -> Policy:
    """The rules with one test document of these cases, each on one line."""
    text = TEST + "".join(f"    - {{name: case {i}, {case}}}\n" for i, case in enumerate(cases))
    return parse_policy({"rules.yaml": RULES.encode(), "test.yaml": text.encode()})


def result_of(case: str) -> CaseResult:
    """The result of one case."""
    (result,) = run_tests(policy_with(case))
    return result


@pytest.mark.parametrize(
    "case",
    [
        "expect: {violations: [pin], amounts: {pin: 1}, evictable: [], shrinkable: []}",
        "placement: {a: h3, e: h1}, expect: {violations: []}",
        "placement: {c: h1}, expect: {violations: [pin, (room)]}",
        "placement: {b: ''}, hardwareFailures: 1, expect: {evictable: [c, d, e, f]}",
        "hardwareFailures: 2, expect: {shrinkable: [b, c, d, e, f]}",
        "fail: [host:h1], expect: {violations: [], evictable: [c, d, e, f]}",
        "placement: {zz: h1}, expect: {refused: UNKNOWN_REFERENCE}",
        "fail: [rack:x], expect: {refused: UNKNOWN_REFERENCE}",
        # a could swap with c, but there is no room on the way and no right to stop anybody without a failure
        "expect: {plan: {outcome: UNREACHABLE, violations: [pin], staysUp: {cel: 'true'}, maxActions: 0}}",
        "fail: [host:h1], expect: {plan: {outcome: OPTIMAL, runs: {ids: [a]}, mayStop: {cel: vm.tier == 'low'}}}",
        "fail: [host:h1], hardwareFailures: 2, expect: {plan: {down: [], stopped: [], levels: {'running:low': 0}}}",
        "fail: [host:h1], hardwareFailures: 2, expect: {plan: {mayShrink: {cel: vm.tier == 'low'}}}",
        "drain: [host:h3], expect: {amounts: {(suitability): 2}}",
        "placement: {e: ''}, expect: {plan: {maxMigrations: 1, maxActions: 2, endsOn: {a: {ids: [h2, h3]}}}}",
    ],
)
def test_what_holds_passes(case: str) -> None:
    """No failures."""
    assert result_of(case).failures == ()


@pytest.mark.parametrize(
    ("case", "field", "message"),
    [
        ("expect: {violations: []}", "expect.violations", "expected none; found pin"),
        ("placement: {a: h3, e: h1}, expect: {violations: [pin]}", "expect.violations", "expected pin; found none"),
        ("expect: {amounts: {pin: 2}}", "expect.amounts.pin", "expected 2; found 1"),
        ("expect: {evictable: [b]}", "expect.evictable", "expected b; found none"),
        ("expect: {shrinkable: [a]}", "expect.shrinkable", "expected a; found none"),
        ("expect: {refused: NO_TIER}", "expect.refused", "expected to be refused with NO_TIER; it is accepted"),
        ("fail: [x:y], expect: {refused: NO_TIER}", "expect.refused", "it is refused with UNKNOWN_REFERENCE"),
        ("fail: [x:y], expect: {violations: []}", "expect", "refused: spec.cases[0].fail[0]: the cluster has no part"),
        ("expect: {plan: {outcome: INFEASIBLE}}", "expect.plan.outcome", "expected INFEASIBLE; found UNREACHABLE"),
        ("fail: [host:h1], expect: {plan: {staysUp: {ids: [a]}}}", "expect.plan.staysUp", "a do not stay up"),
        ("fail: [host:h1], expect: {plan: {runs: {cel: 'true'}}}", "expect.plan.runs", "do not run in the end"),
        ("expect: {plan: {runs: {ids: [x]}}}", "expect.plan.runs", "the cluster has no guests x"),
        ("expect: {plan: {runs: {cel: 'false'}}}", "expect.plan.runs", "selects no guest, so it shows nothing"),
        ("fail: [host:h1], expect: {plan: {down: []}}", "expect.plan.down", "expected none; found "),
        ("fail: [host:h1], expect: {plan: {stopped: []}}", "expect.plan.stopped", "expected none; found "),
        ("fail: [host:h1], expect: {plan: {mayStop: {ids: [b]}}}", "expect.plan.mayStop", "are stopped or suspended"),
        (
            "fail: [host:h1], hardwareFailures: 2, expect: {plan: {mayShrink: {ids: [b]}}}",
            "expect.plan.mayShrink",
            "have less than they request as well",
        ),
        (
            "placement: {e: ''}, expect: {plan: {maxMigrations: 0}}",
            "expect.plan.maxMigrations",
            "expected at most 0; found 1",
        ),
        ("fail: [host:h1], expect: {plan: {maxActions: 1}}", "expect.plan.maxActions", "expected at most 1; found "),
        (
            "expect: {plan: {endsOn: {a: {ids: [h2]}}}}",
            "expect.plan.endsOn.a",
            "expected on one of h2; it runs on h1",
        ),
        ("expect: {plan: {endsOn: {x: {ids: [h2]}}}}", "expect.plan.endsOn.x", 'the cluster has no guest "x"'),
        ("expect: {plan: {violations: []}}", "expect.plan.violations", "expected none; found pin"),
        ("expect: {plan: {levels: {stops: 1}}}", "expect.plan.levels.stops", "expected 1; found 0"),
        ("expect: {plan: {levels: {stop: 1}}}", "expect.plan.levels", 'there is no level "stop"; there are running:'),
    ],
)
def test_what_does_not_hold_fails_in_its_line(case: str, field: str, message: str) -> None:
    """One failure that names the field, what was expected and what was found."""
    (failure,) = result_of(case).failures
    assert (failure.source.file, failure.source.line, failure.field) == ("test.yaml", 17, field)
    assert message in failure.message


def test_cases_do_not_touch_each_other() -> None:
    """Each starts from the fixtures."""
    results = run_tests(policy_with("fail: [host:h1], expect: {violations: []}", "expect: {violations: [pin]}"))
    assert [(result.name, result.passed) for result in results] == [("case 0", True), ("case 1", True)]


def test_the_digest_does_not_depend_on_tests() -> None:
    """A better test is no change of policy."""
    alone = parse_policy({"rules.yaml": RULES.encode()})
    assert policy_with("expect: {violations: []}").digest == alone.digest
    assert len(alone.tests) == 0


@pytest.mark.parametrize(
    ("spec", "path", "message"),
    [
        ("{cases: [{name: x, expect: {violations: []}}]}", "spec", "either fixtures or a snapshot file"),
        ("{snapshot: s.json, cases: []}", "spec.cases", "has 0 entries"),
        ("{snapshot: s.json, cases: [{name: x, expect: {}}]}", "spec.cases[0].expect", "expect needs at least one of"),
        (
            "{snapshot: s.json, at: noon, cases: [{name: x, expect: {violations: []}}]}",
            "spec.at",
            '"noon" is no point in time',
        ),
        (
            "{snapshot: s.json, at: '2026-11-24T12:00:00', cases: [{name: x, expect: {violations: []}}]}",
            "spec.at",
            '"2026-11-24T12:00:00" is no point in time',
        ),
        (
            "{snapshot: s.json, cases: [{name: x, expect: {plan: {runs: {cel: vm.teir == ''}}}}]}",
            "spec.cases[0].expect.plan.runs.cel",
            "undeclared reference",
        ),
        (
            "{snapshot: s.json, cases: [{name: x, expect: {plan: {endsOn: {a: {cel: vm.id == ''}}}}}]}",
            "spec.cases[0].expect.plan.endsOn.a.cel",
            "undeclared reference",
        ),
    ],
)
def test_a_test_document_is_checked_as_any_other(spec: str, path: str, message: str) -> None:
    """Shapes and expressions, with their places."""
    text = f"---\napiVersion: trimtab/v1\nkind: PolicyTest\nmetadata: {{name: t}}\nspec: {spec}\n"
    (fault,) = faults_of(text)
    assert fault.path.endswith(f" {path}")
    assert message in fault.message
