"""What is odd about tiers beside each other: ranks that repeat, and rights that a lower one has not."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import Final

from ...failures import Event
from ...policy.documents import Document, Policy
from ...policy.expressions import compile_expression
from ...policy.subjects import event_data
from ...policy.variables import ExpressionScope, Returns
from ...rules.tier import Availability, Tier
from ..findings import Finding, Severity, finding_at

TRIED_FAILURES: Final = range(17)
"""The numbers of hardware failures that conditions are tried with."""


def tier_findings(policy: Policy) -> Iterator[Finding]:
    """At most one finding of each sort about each tier."""
    tiers = sorted(policy.of(Tier), key=lambda item: item[1].rank)
    spared: dict[int, Document] = {}
    for rank, group in groupby(tiers, key=lambda item: item[1].rank):
        same = list(group)
        for document, tier in same:
            if tier.evict is not None and tier.availability is Availability.MUST_RUN:
                message = "must run, yet may be stopped to make room for others"
                fix = "remove evict, or write availability: best-effort"
                yield finding_at(document, "spec.evict", Severity.WARNING, "must-run-evictable", message, fix)
        yield from _shared(rank, [document for document, _ in same])
        rights = [(document, failures_at(tier.evict.when if tier.evict else None)) for document, tier in same]
        yield from _stopped_early(rights, spared)
        for document, right in rights:
            spared |= {n: document for n in TRIED_FAILURES if n not in right}


def _shared(rank: int, documents: list[Document]) -> Iterator[Finding]:
    first, *others = documents
    for document in others:
        message = f"has the rank {rank} of {first.name}: their guests are weighed by value alone"
        yield finding_at(document, "spec.rank", Severity.INFO, "shared-rank", message, "give each tier its own rank")


def _stopped_early(rights: list[tuple[Document, set[int]]], spared: dict[int, Document]) -> Iterator[Finding]:
    """Tiers that may be stopped at numbers of failures at which a lower tier, in `spared`, may not."""
    for document, right in rights:
        if early := right & spared.keys():
            lower = spared[min(early)]
            message = f"may be stopped at {min(early)} hardware failures, when the lower tier {lower.name} may not"
            fix = f"protect {document.name} at least as well as {lower.name}"
            yield finding_at(document, "spec.evict", Severity.WARNING, "lower-tier-protected", message, fix)


def failures_at(condition: str | None) -> set[int]:
    """The numbers of hardware failures at which the condition holds; every one when it depends on something else."""
    if condition is None:
        return set()
    expression = compile_expression(condition, ExpressionScope.EVENT, Returns.BOOL)
    if any(reference.variable != "event.hardware_failures" for reference in expression.references):
        return set(TRIED_FAILURES)
    return {n for n in TRIED_FAILURES if expression.evaluate(event_data(Event(n, n, (), n))) is True}
