"""The levels of the objective."""

from __future__ import annotations

from ..policy.documents import Policy
from ..primitives.encoding import Index
from ..problem import ObjectiveLevel, TierRow, name_measures
from ..rules.objectives import compile_objectives


def levels(policy: Policy, rows: tuple[TierRow, ...], tier: Index) -> tuple[ObjectiveLevel, ...]:
    """As the policy says, with guests of `tier` [V]; empty when it says nothing."""
    compiled = compile_objectives(policy, name_measures(rows, tier))
    return tuple(ObjectiveLevel(name, tuple(parts.items())) for name, parts in compiled)
