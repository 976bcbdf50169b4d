"""Objectives: in which order, and with which weights, what remains to be wished for counts."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from typing import Annotated, Self

from pydantic import Field, model_validator

from ..measures import Key, Measure
from ..policy.documents import Policy, Strict, Switched


class OrderedMeasure(enum.StrEnum):
    """The measures that a policy may put in order: all beyond who runs and which must rules are broken."""

    STOPS = Measure.STOPS.value
    SHRINKAGE = Measure.SHRINKAGE.value
    SHOULD = Measure.SHOULD.value
    DISRUPTION = Measure.DISRUPTION.value
    BALANCE = Measure.BALANCE.value


LEVEL_NAME_PATTERN = r"^[a-z][a-z0-9_-]{0,39}$"
OrderedMeasureName = Annotated[OrderedMeasure, Field(strict=False)]


class LevelSum(Strict):
    """A level that adds up measures."""

    name: Annotated[str, Field(pattern=LEVEL_NAME_PATTERN)]
    """What the level is called in answers."""
    measures: dict[OrderedMeasureName, Annotated[int, Field(ge=1, le=1_000_000)]] = Field(min_length=1)
    """What one unit of each measure counts."""


class Objectives(Switched):
    """At most one in force. The levels after those of running guests and of inherited breaches, which stay first.

    Each measure is part of exactly one level. Shrinkage counts before balance: nobody shrinks for the sake of balance.
    """

    levels: Annotated[tuple[OrderedMeasureName | LevelSum, ...], Field(min_length=1, strict=False)]
    """Measures, or sums of them, the first one first."""

    @model_validator(mode="after")
    def _uses_every_measure_once(self) -> Self:
        used = [measure for _, parts in self.parts() for measure in parts]
        for measure in OrderedMeasure:
            count = used.count(measure)
            if count != 1:
                raise ValueError(f"{measure} is part of {count or 'no'} levels; each measure is part of exactly one")
        names = [name for name, _ in self.parts()]
        for level in self.levels:
            if isinstance(level, LevelSum) and (names.count(level.name) > 1 or level.name in set(Measure)):
                raise ValueError(f'the name "{level.name}" is taken; give the sum another one')
        place = {measure: i for i, (_, parts) in enumerate(self.parts()) for measure in parts}
        if place[OrderedMeasure.SHRINKAGE] >= place[OrderedMeasure.BALANCE]:
            raise ValueError("shrinkage must be part of a level before that of balance")
        return self

    def parts(self) -> list[tuple[str, dict[OrderedMeasure, int]]]:
        """Per level its name, and the weight of each measure in it."""
        return [
            (level.name, dict(level.measures)) if isinstance(level, LevelSum) else (level.value, {level: 1})
            for level in self.levels
        ]


def compile_objectives(policy: Policy, names: Mapping[Key, str]) -> list[tuple[str, dict[Key, int]]]:
    """Each level's name and the weights of its measures; empty when no document says anything.

    `names` are those of the levels that count one measure each.
    """
    found = policy.only(Objectives)
    if found is None:
        return []
    fixed = [(name, {key: 1}) for key, name in names.items() if key.measure.value not in set(OrderedMeasure)]
    wished = [
        (name, {Key(Measure(wish.value)): weight for wish, weight in parts.items()}) for name, parts in found[1].parts()
    ]
    return [*fixed, *wished]
