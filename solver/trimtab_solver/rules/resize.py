"""Resize: how far selected guests may shrink at most, whatever their tier permits."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import ConfigDict, Field, field_validator

from ..policy.documents import Document, Level, RuleSpec
from ..policy.fields import EventCondition, VmSelector
from ..primitives.size_floor import SizeFloor
from .context import Context
from .shares import Floor, percent


class Resize(RuleSpec):
    """Selected guests keep at least `floor` of what they request while `when` holds.

    It narrows what tiers permit and never widens it. Of all floors of a guest (of its tier, of every rule that selects
    it, and what it is guaranteed) the highest one counts. Always a must. A breach counts each guest that has less.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "not": {
                "anyOf": [
                    {"required": ["weight"]},
                    {"required": ["level"], "properties": {"level": {"const": "should"}}},
                ]
            }
        }
    )

    select: VmSelector
    when: EventCondition = "true"
    """When it holds, as for the right of a tier."""
    floor: Floor = Field(min_length=1)
    """By resource, the share of the request that stays ("90%"); for other resources the rule says nothing."""

    @field_validator("level")
    @classmethod
    def _is_no_wish(cls, level: Level) -> Level:
        if level is Level.SHOULD:
            raise ValueError(
                "a floor is no wish; remove level and weight, and set what shrinking costs by resize.cost of the tier"
            )
        return level


def compile_resize(document: Document, spec: Resize, context: Context) -> Iterator[SizeFloor]:
    """One floor for all selected guests."""
    guests = context.members(context.chosen(document, spec, "spec.select", spec.select))
    if context.selection.holds(document, "spec.when", spec.when) and len(guests):
        yield SizeFloor(document.name, guests, {name: percent(share) for name, share in spec.floor.items()})
