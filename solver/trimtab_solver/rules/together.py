"""Together: the guests of a group share one failure domain."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import Field

from ..policy.documents import Document, Level, RuleSpec
from ..policy.fields import VmSelector, VmText
from ..primitives.domain_count import DomainCount
from .ground import Ground


class Together(RuleSpec):
    """All running members of a group lie in one domain of kind `topology`.

    `group_by` as in Spread. A breach counts the domains used beyond the first, per group.
    """

    select: VmSelector
    group_by: VmText | None = None
    topology: str = Field(min_length=1)


def compile_together(document: Document, spec: Together, ground: Ground) -> Iterator[DomainCount]:
    """One count per group of two or more."""
    domain, domain_count = ground.domain(document, spec, spec.topology)
    chosen = ground.chosen(document, spec, "spec.select", spec.select)
    for key, ids in ground.selection.groups(document, "spec.groupBy", chosen, spec.group_by).items():
        members = ground.members(ids)
        if len(members) > 1:
            yield DomainCount(
                rule=document.name,
                key=key,
                must=spec.level is Level.MUST,
                weight=spec.weight or 0,
                domain=domain,
                domain_count=domain_count,
                members=members,
                most=1,
            )
