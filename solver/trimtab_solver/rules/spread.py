"""Spread: guests of a group lie in several failure domains."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Self

import numpy as np
from pydantic import Field, model_validator

from ..policy.documents import Document, RuleSpec
from ..policy.fields import DomainKind, VmSelector, VmText
from ..primitives.domain_count import DomainCount
from ..primitives.domain_limit import DomainLimit
from ..primitives.domain_skew import DomainSkew
from ..snapshot import HostState
from .context import Context

RECEIVING = frozenset({HostState.UP, HostState.DEGRADED, HostState.STANDBY})
"""States of hosts that take guests."""


class Spread(RuleSpec):
    """At most `max_per_domain` running members of a group per domain, and at least `min_domains` domains used.

    `group_by` (CEL over ``vm``, returns string) splits the selected guests into groups; without it they are one. A
    group with fewer running members than `min_domains` must use as many domains as it has running members. A breach
    counts the members above the limit per domain, the domains that are missing, and the skew above `max_skew`, per
    group.
    """

    select: VmSelector
    group_by: VmText | None = None
    topology: DomainKind
    max_per_domain: Annotated[int, Field(ge=1, le=1_000_000)] | None = None
    min_domains: Annotated[int, Field(ge=2, le=1_000_000)] | None = None
    max_skew: Annotated[int, Field(ge=1, le=1_000_000)] | None = None
    """The most members in a domain minus the fewest, over the domains with a host that takes guests."""

    @model_validator(mode="after")
    def _limits_something(self) -> Self:
        if self.max_per_domain is None and self.min_domains is None and self.max_skew is None:
            raise ValueError("Spread needs maxPerDomain, minDomains or maxSkew")
        return self


def compile_spread(
    document: Document, spec: Spread, context: Context
) -> Iterator[DomainLimit | DomainCount | DomainSkew]:
    """One limit, one count and one skew per group, as far as the group is large enough for them to bind."""
    domains = context.domain(document, "spec.topology", spec.topology, is_must=spec.is_must)
    chosen = context.chosen(document, spec, "spec.select", spec.select)
    eligible = np.zeros(0, dtype=np.int32)
    if spec.max_skew is not None:
        eligible = np.unique(domains.of_host[context.hosts_in(RECEIVING)])
    must, weight = spec.is_must, spec.weight or 0
    for key, ids in context.selection.groups(document, "spec.groupBy", chosen, spec.group_by).items():
        members = context.members(ids)
        if spec.max_per_domain is not None and len(members) > spec.max_per_domain:
            yield DomainLimit(
                rule=document.name,
                key=key,
                must=must,
                weight=weight,
                domains=domains,
                members=members,
                limit=spec.max_per_domain,
            )
        if spec.min_domains is not None and len(members) > 1:
            yield DomainCount(
                rule=document.name,
                key=key,
                must=must,
                weight=weight,
                domains=domains,
                members=members,
                least=spec.min_domains,
            )
        if spec.max_skew is not None and len(members) > spec.max_skew and len(eligible):
            yield DomainSkew(
                rule=document.name,
                key=key,
                must=must,
                weight=weight,
                domains=domains,
                members=members,
                skew=spec.max_skew,
                eligible=eligible,
            )
