"""Together: the guests of a group share one failure domain, or are never without others in theirs."""

from __future__ import annotations

from collections.abc import Iterator

from ..policy.documents import Document, RuleSpec, Selector
from ..policy.fields import DomainKind, VmSelector, VmText
from ..primitives.domain_count import DomainCount
from ..primitives.domain_dependency import DomainDependency
from .context import Context


class Together(RuleSpec):
    """All running members of a group lie in one domain of kind `topology`.

    `group_by` as in Spread. A breach counts the domains used beyond the first, per group.

    With `near` the members may lie in several domains, but in each of them runs one of the guests that `near` selects
    (of the same group) as well. A breach counts the domains where none does, per group.
    """

    select: VmSelector
    near: VmSelector | None = None
    """The guests that members are never without."""
    group_by: VmText | None = None
    topology: DomainKind


def compile_together(
    document: Document, spec: Together, context: Context
) -> Iterator[DomainCount] | Iterator[DomainDependency]:
    """One count per group of two or more; with `near`, one dependency per group."""
    return _one_domain(document, spec, context) if spec.near is None else _near(document, spec, spec.near, context)


def _one_domain(document: Document, spec: Together, context: Context) -> Iterator[DomainCount]:
    domains = context.domain(document, "spec.topology", spec.topology, is_must=spec.is_must)
    chosen = context.chosen(document, spec, "spec.select", spec.select)
    for key, ids in context.selection.groups(document, "spec.groupBy", chosen, spec.group_by).items():
        members = context.members(ids)
        if len(members) > 1:
            yield DomainCount(
                rule=document.name,
                key=key,
                must=spec.is_must,
                weight=spec.weight or 0,
                domains=domains,
                members=members,
                most=1,
            )


def _near(document: Document, spec: Together, near: Selector, context: Context) -> Iterator[DomainDependency]:
    domains = context.domain(document, "spec.topology", spec.topology, is_must=spec.is_must)
    chosen = context.chosen(document, spec, "spec.select", spec.select)
    others = context.chosen(document, spec, "spec.near", near)
    providers = context.selection.groups(document, "spec.groupBy", others, spec.group_by)
    for key, ids in context.selection.groups(document, "spec.groupBy", chosen, spec.group_by).items():
        members = context.members(ids)
        if len(members):
            yield DomainDependency(
                rule=document.name,
                key=key,
                must=spec.is_must,
                weight=spec.weight or 0,
                domains=domains,
                members=members,
                providers=context.members(providers.get(key, ())),
            )
