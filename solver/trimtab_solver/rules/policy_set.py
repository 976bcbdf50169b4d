"""PolicySet: what the whole policy is, and what it must contain."""

from __future__ import annotations

from typing import Final, Self

from pydantic import Field, model_validator

from ..policy.documents import Policy, Spec

MAX_GLOBS: Final = 100
"""How many entries of `require` may hold wildcards: each is compared with many names."""
_WILD: Final = frozenset("*?[")


class PolicySet(Spec):
    """At most one per policy. Each glob in `require` must match the name of another document."""

    require: tuple[str, ...] = Field(default=(), strict=False)
    default_tier: str | None = None
    """The tier of guests that no Tier selects; without it such a guest is an error."""

    @model_validator(mode="after")
    def _has_few_globs(self) -> Self:
        globs = sum(not _WILD.isdisjoint(name) for name in self.require)
        if globs > MAX_GLOBS:
            raise ValueError(
                f"require has {globs} entries with wildcards, the limit is {MAX_GLOBS}; name documents whole"
            )
        return self


def default_tier(policy: Policy) -> str | None:
    """The tier of guests that no Tier selects."""
    return next((spec.default_tier for _, spec in policy.of(PolicySet) if spec.default_tier), None)
