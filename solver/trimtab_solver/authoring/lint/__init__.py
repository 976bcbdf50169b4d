"""What is probably wrong with a policy that is valid: findings, never refusals."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

from ...errors import PolicyRefusedError
from ...policy.documents import Document, Policy, Selector
from ...policy.expressions import Reference, keys_read_in, tokens_of
from ...policy.variables import ExpressionScope, Returns
from ...prepared import prepare_lazily
from ...rules.separate import Separate
from ...snapshot import Snapshot
from ..expression_fields import SelectorUse, expressions_in, selectors_in
from ..findings import Finding, Severity, finding_at, findings_of
from ..loader import parse_policy
from ..step_limit import StepLimit
from ..worlds import worlds_of
from .inventory import inventory_findings
from .names import name_findings
from .repetitions import repetition_findings
from .selectors import selector_findings
from .snapshot import snapshot_findings
from .targets import target_findings
from .tests import expectation_findings
from .tiers import TRIED_FAILURES, failures_at, tier_findings

_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
"""What may follow a dot in an expression."""
MAX_STEPS: Final = 500_000
"""How much is compared at most: some seconds."""


def lint_files(files: Mapping[str, bytes], snapshot: Snapshot | None = None) -> tuple[Policy | None, list[Finding]]:
    """The policy in `files` and every finding; no policy, and the reasons as findings, when it cannot be used.

    Raises
    ------
    SnapshotRefusedError
        The policy can be used, and the snapshot is wrong.
    """
    try:
        policy = parse_policy(files)
    except PolicyRefusedError as refusal:
        return None, list(findings_of(refusal))
    return policy, lint(policy, snapshot)


def lint(policy: Policy, snapshot: Snapshot | None = None) -> list[Finding]:
    """Every finding, in order of file and line; with a snapshot also what the policy means there.

    Raises
    ------
    SnapshotRefusedError
        The snapshot is wrong.
    """
    steps = StepLimit(MAX_STEPS)
    found_there = [] if snapshot is None else _findings_on(snapshot, policy)
    findings = [
        *_expression_findings(policy, steps),
        *_condition_findings(policy),
        *tier_findings(policy),
        *target_findings(policy),
        *_rule_findings(policy),
        *selector_findings(policy, steps),
        *repetition_findings(policy, steps),
        *name_findings(policy, snapshot),
        *inventory_findings(policy, snapshot),
        *expectation_findings(policy),
        *found_there,
        *_limit_findings(policy, steps),
    ]
    return sorted(set(findings), key=lambda f: (f.source.file, f.source.line, f.source.column, f.rule, f.message))


def _findings_on(snapshot: Snapshot, policy: Policy) -> list[Finding]:
    try:
        return snapshot_findings(prepare_lazily(snapshot, policy))
    except PolicyRefusedError as refusal:
        return list(findings_of(refusal))


def _limit_findings(policy: Policy, steps: StepLimit) -> Iterator[Finding]:
    if steps.is_exceeded:
        message = f"more would have to be compared than {steps.most} steps allow: some findings may be missing"
        fix = "lint parts of the policy by themselves"
        yield Finding(Severity.INFO, policy.documents[0].source, "work-limit", message, fix)


def _expression_findings(policy: Policy, steps: StepLimit) -> Iterator[Finding]:
    for document in policy.documents:
        content = document.content.get("spec")
        selectors = {use.path: (use.scope, _selector(use)) for use in selectors_in(type(document.spec), content)}
        guests = [selector for scope, selector in selectors.values() if scope is ExpressionScope.VM]
        for expression in expressions_in(type(document.spec), content):
            _, own = selectors.get(expression.path.removesuffix(".cel"), (None, None))
            for reference in _unguarded(expression.source, expression.scope):
                if own is not None and reference.key in (own.match_labels or {}):
                    continue  # the expression sees only guests that match the labels
                if (
                    own is None
                    and expression.scope is ExpressionScope.VM
                    and guests
                    and all(_have(g, reference, steps) for g in guests)
                ):
                    continue  # it is evaluated on selected guests only
                name, test = f"{reference.variable}.{reference.key}", f"'{reference.key}' in {reference.variable}"
                if _WORD.fullmatch(str(reference.key)):
                    test = f"has({name})"
                message = f"reads {name} without a test: it fails where the key is missing"
                fix = f"write {test} && ..., or use matchLabels"
                yield finding_at(document, expression.path, Severity.WARNING, "unguarded-key", message, fix)


def _selector(use: SelectorUse) -> Selector:
    return Selector.model_validate(use.content, by_alias=True, by_name=False)


def _have(selector: Selector, reference: Reference, steps: StepLimit) -> bool:
    """Whether every guest that the selector picks has the key, as far as that can be proven."""
    if reference.variable == "vm.labels" and reference.key in (selector.match_labels or {}):
        return True
    worlds = worlds_of(ExpressionScope.VM, [selector], references=[reference])
    if worlds is None or not steps.take(len(worlds.all)):
        return False
    return all(reference.key in worlds.all[n].get(reference.variable, {}) for n in worlds.where(selector))


def _unguarded(source: str, scope: ExpressionScope) -> Iterator[Reference]:
    """Keys of maps that the expression reads and nowhere tests for."""
    text = " ".join(tokens_of(source))
    for reference in keys_read_in(source, scope):
        key, name = reference.key, reference.variable.replace(".", " . ")
        guards = (
            f"has ( {name} . {key} )",
            f"'{key}' in {name}",
            f'"{key}" in {name}',
            f"{name} . ? {key}",
            f"{name} [ ? '{key}' ]",
            f'{name} [ ? "{key}" ]',
        )
        if not any(guard in text for guard in guards):
            yield reference


def _condition_findings(policy: Policy) -> Iterator[Finding]:
    """Conditions on the event that never hold, of whatever kind."""
    for document in policy.documents:
        if not document.is_enabled:
            continue
        for use in expressions_in(type(document.spec), document.content.get("spec")):
            if use.scope is ExpressionScope.EVENT and use.returns is Returns.BOOL and not failures_at(use.source):
                yield _never(document, use.path, use.source)


def _never(document: Document, path: str, condition: str) -> Finding:
    message = f'"{condition}" holds for no number of hardware failures up to {max(TRIED_FAILURES)}'
    return finding_at(
        document,
        path,
        Severity.WARNING,
        "condition-never-holds",
        message,
        "correct it or remove the field",
    )


def _rule_findings(policy: Policy) -> Iterator[Finding]:
    for document in policy.documents:
        spec = document.spec
        if not document.is_enabled:
            message = "is disabled and constrains nothing"
            yield finding_at(
                document,
                "spec.enabled",
                Severity.INFO,
                "disabled",
                message,
                "enable or delete it",
            )
        if isinstance(spec, Separate):
            first: dict[str, int] = {}
            for j, selector in enumerate(spec.between):
                if (i := first.setdefault(selector.model_dump_json(), j)) != j:
                    message = f"sets {i} and {j} are the same, but a guest may be in one set only"
                    fix = "give each set guests of its own; to keep the guests of one set apart use Spread"
                    yield finding_at(
                        document,
                        f"spec.between[{j}]",
                        Severity.ERROR,
                        "overlapping-sets",
                        message,
                        fix,
                    )
