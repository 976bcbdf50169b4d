"""PolicySet: what the whole policy is, and what it must contain."""

from __future__ import annotations

from pydantic import Field

from ..policy.documents import Policy, Spec


class PolicySet(Spec):
    """At most one per policy. Each glob in `require` must match the name of another document."""

    require: tuple[str, ...] = Field(default=(), strict=False)
    default_tier: str | None = None
    """The tier of guests that no Tier selects; without it such a guest is an error."""


def default_tier(policy: Policy) -> str | None:
    """The tier of guests that no Tier selects."""
    return next((spec.default_tier for _, spec in policy.of(PolicySet) if spec.default_tier), None)
