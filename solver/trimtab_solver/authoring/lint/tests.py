"""Rules that tests expect something of and that the policy does not have: such an expectation shows nothing."""

from __future__ import annotations

from collections.abc import Iterator

from ...policy.documents import Document, Policy
from ...policy.likeness import Spelling
from ...verify.room import ROOM
from ...verify.suitability import SUITABILITY
from ..findings import Finding, Severity, finding_at
from ..policy_test import PolicyTest, PolicyTestCase


def expectation_findings(policy: Policy) -> Iterator[Finding]:
    """One finding per name of a rule in a test that no document has."""
    known = {document.name for document in policy.documents} | {ROOM, SUITABILITY}
    spelling = Spelling(known)
    for document in policy.tests:
        assert isinstance(document.spec, PolicyTest)
        for i, case in enumerate(document.spec.cases):
            for path, name in _named_rules(case):
                if name not in known:
                    yield _unknown(document, f"spec.cases[{i}].expect.{path}", name, spelling)


def _named_rules(case: PolicyTestCase) -> Iterator[tuple[str, str]]:
    """(path below expect, name) of every rule that the case names."""
    expect = case.expect
    for i, name in enumerate(expect.violations or ()):
        yield f"violations[{i}]", name
    for name in expect.amounts:
        yield f"amounts.{name}", name
    if expect.plan is not None:
        for i, name in enumerate(expect.plan.violations or ()):
            yield f"plan.violations[{i}]", name


def _unknown(document: Document, path: str, name: str, spelling: Spelling) -> Finding:
    close = spelling.nearest(name)
    fix = f'did you mean "{close}"?' if close else "name a document of the policy, (room) or (suitability)"
    return finding_at(document, path, Severity.WARNING, "unknown-rule", f'no rule is called "{name}"', fix)
