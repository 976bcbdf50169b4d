"""What is probably wrong with a policy that is valid: findings, never refusals."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import combinations

from ..errors import PolicyRefusedError
from ..failures import Event
from ..rules.separate import Separate
from ..rules.tier import Availability, Tier
from ..snapshot import Snapshot
from .documents import Document, Policy
from .expression_fields import expressions_in
from .expressions import Returns, compile_expression, references_in, tokens_of
from .findings import Finding, Severity, finding_at, findings_of
from .lint_names import name_findings
from .lint_selectors import selector_findings
from .lint_snapshot import snapshot_findings
from .loader import parse_policy
from .subjects import event_data
from .variables import Scope

_TRIED_FAILURES = range(17)
"""The numbers of hardware failures that conditions are tried with."""


def lint_files(files: Mapping[str, bytes], snapshot: Snapshot | None = None) -> tuple[Policy | None, list[Finding]]:
    """The policy in `files` and every finding; no policy, and the reasons as findings, when it cannot be used."""
    try:
        policy = parse_policy(files)
    except PolicyRefusedError as refusal:
        return None, list(findings_of(refusal))
    return policy, lint(policy, snapshot)


def lint(policy: Policy, snapshot: Snapshot | None = None) -> list[Finding]:
    """Every finding, in order of file and line; with a snapshot also what the policy means there."""
    findings = [
        *_expression_findings(policy),
        *_tier_findings(policy),
        *_rule_findings(policy),
        *selector_findings(policy),
        *name_findings(policy, snapshot),
    ]
    if snapshot is not None:
        findings += snapshot_findings(policy, snapshot)
    return sorted(set(findings), key=lambda f: (f.source.file, f.source.line, f.source.column, f.rule, f.message))


def _expression_findings(policy: Policy) -> Iterator[Finding]:
    for document in policy.documents:
        for use in expressions_in(type(document.spec), document.content.get("spec")):
            for name in _unguarded(use.source, use.scope):
                yield finding_at(
                    document,
                    use.path,
                    Severity.WARNING,
                    "unguarded-key",
                    f"reads {name} without has(): it fails where the key is missing",
                    f"write has({name}) && ..., or use matchLabels",
                )


def _unguarded(source: str, scope: Scope) -> Iterator[str]:
    """Map keys, as ``vm.labels.zone``, that the expression reads and nowhere tests for."""
    text = " ".join(tokens_of(source))
    for reference in references_in(source, scope):
        key, name = reference.key, reference.variable.replace(".", " . ")
        if key is None:
            continue
        guards = (
            f"has ( {name} . {key} )",
            f"{name} . ? {key}",
            f"{name} [ ? '{key}' ]",
            f'{name} [ ? "{key}" ]',
        )
        if not any(guard in text for guard in guards):
            yield f"{reference.variable}.{key}"


def _tier_findings(policy: Policy) -> Iterator[Finding]:
    tiers = sorted(policy.of(Tier), key=lambda item: -item[1].rank)
    for document, tier in tiers:
        if tier.evict is not None:
            if tier.availability is Availability.MUST_RUN:
                message = "must run, yet may be stopped to make room for others"
                fix = "remove evict, or write availability: best-effort"
                yield finding_at(
                    document,
                    "spec.evict",
                    Severity.WARNING,
                    "must-run-evictable",
                    message,
                    fix,
                )
            if not _when(tier.evict.when):
                yield _never(document, "spec.evict.when", tier.evict.when)
        if tier.resize is not None and not _when(tier.resize.when):
            yield _never(document, "spec.resize.when", tier.resize.when)
    for (first, upper), (second, lower) in combinations(tiers, 2):
        if upper.rank == lower.rank:
            message = f"has the rank {lower.rank} of {first.name}: their guests are weighed by value alone"
            yield finding_at(
                second,
                "spec.rank",
                Severity.INFO,
                "shared-rank",
                message,
                "give each tier its own rank",
            )
            continue
        early = _when(upper.evict.when if upper.evict else None) - _when(lower.evict.when if lower.evict else None)
        if early:
            message = f"may be stopped at {min(early)} hardware failures, when the lower tier {second.name} may not"
            fix = f"protect {first.name} at least as well as {second.name}"
            yield finding_at(
                first,
                "spec.evict",
                Severity.WARNING,
                "lower-tier-protected",
                message,
                fix,
            )


def _when(condition: str | None) -> set[int]:
    """The numbers of hardware failures at which the condition holds; every one when it depends on something else."""
    if condition is None:
        return set()
    expression = compile_expression(condition, Scope.EVENT, Returns.BOOL)
    if any(reference.variable != "event.hardware_failures" for reference in expression.references):
        return set(_TRIED_FAILURES)
    return {n for n in _TRIED_FAILURES if expression.evaluate(event_data(Event(n, n, (), n))) is True}


def _never(document: Document, path: str, condition: str) -> Finding:
    message = f'"{condition}" holds for no number of hardware failures up to {max(_TRIED_FAILURES)}'
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
            for i, j in combinations(range(len(spec.between)), 2):
                if spec.between[i] == spec.between[j]:
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
