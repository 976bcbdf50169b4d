"""Separate: guests of one set never share a failure domain with guests of another."""

from __future__ import annotations

from pydantic import Field

from ..policy.documents import Expression, RuleSpec, Selector


class Separate(RuleSpec):
    """No domain of kind `topology` holds running guests of two of the sets in `between`.

    With `partners_by` (CEL over ``vm``, returns string) the rule holds apart only guests for which it gives the same
    value. A breach is counted per pair of sets, partner value and domain: the fewest guests that would have to leave.
    """

    between: tuple[Selector, ...] = Field(min_length=2, strict=False)
    partners_by: Expression | None = None
    topology: str = Field(min_length=1)
