"""Together: the guests of a group share one failure domain."""

from __future__ import annotations

from pydantic import Field

from ..policy.documents import Expression, RuleSpec, Selector


class Together(RuleSpec):
    """All running members of a group lie in one domain of kind `topology`.

    `group_by` as in Spread. A breach counts the domains used beyond the first, per group.
    """

    select: Selector
    group_by: Expression | None = None
    topology: str = Field(min_length=1)
