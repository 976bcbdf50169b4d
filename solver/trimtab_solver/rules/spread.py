"""Spread: guests of a group lie in several failure domains."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator

from ..policy.documents import Expression, RuleSpec, Selector


class Spread(RuleSpec):
    """At most `max_per_domain` running members of a group per domain, and at least `min_domains` domains used.

    `group_by` (CEL over ``vm``, returns string) splits the selected guests into groups; without it they are one. A group
    with fewer running members than `min_domains` must use as many domains as it has running members. A breach counts
    the members above the limit per domain, and the domains that are missing per group.
    """

    select: Selector
    group_by: Expression | None = None
    topology: str = Field(min_length=1)
    max_per_domain: Annotated[int, Field(ge=1, le=1_000_000)] | None = None
    min_domains: Annotated[int, Field(ge=2, le=1_000_000)] | None = None

    @model_validator(mode="after")
    def _limits_something(self) -> Self:
        if self.max_per_domain is None and self.min_domains is None:
            raise ValueError("Spread needs maxPerDomain, minDomains or both")
        return self
