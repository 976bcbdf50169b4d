"""Objectives: in which order, and with which weights, what remains to be wished for counts."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from typing import Annotated, Self

from pydantic import Field, model_validator

from ..policy.documents import Policy, Strict, Switched


class Measure(enum.StrEnum):
    """What is measured of a plan beyond who runs and which must rules are broken."""

    STOPS = "stops"
    SHRINKAGE = "shrinkage"
    SHOULD = "should"
    DISRUPTION = "disruption"
    BALANCE = "balance"


MeasureName = Annotated[Measure, Field(strict=False)]


class LevelSum(Strict):
    """A level that adds up measures."""

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,39}$")]
    """What the level is called in answers."""
    measures: dict[MeasureName, Annotated[int, Field(ge=1, le=1_000_000)]] = Field(min_length=1)
    """What one unit of each measure counts."""


class Objectives(Switched):
    """At most one in force. The levels after those of running guests and of inherited breaches, which stay first.

    Each measure is part of exactly one level. Shrinkage counts before balance: nobody shrinks for the sake of balance.
    """

    levels: Annotated[tuple[MeasureName | LevelSum, ...], Field(min_length=1, strict=False)]
    """Measures, or sums of them, the first one first."""

    @model_validator(mode="after")
    def _uses_every_measure_once(self) -> Self:
        used = [measure for _, parts in self.parts() for measure in parts]
        for measure in Measure:
            count = used.count(measure)
            if count != 1:
                raise ValueError(f"{measure} is part of {count or 'no'} levels; each measure is part of exactly one")
        names = [name for name, _ in self.parts()]
        for level in self.levels:
            if isinstance(level, LevelSum) and (names.count(level.name) > 1 or level.name in (*Measure, "inherited")):
                raise ValueError(f'the name "{level.name}" is taken; give the sum another one')
        place = {measure: i for i, (_, parts) in enumerate(self.parts()) for measure in parts}
        if place[Measure.SHRINKAGE] >= place[Measure.BALANCE]:
            raise ValueError("shrinkage must be part of a level before that of balance")
        return self

    def parts(self) -> list[tuple[str, dict[Measure, int]]]:
        """Per level its name, and the weight of each measure in it."""
        return [
            (level.name, dict(level.measures)) if isinstance(level, LevelSum) else (level.value, {level: 1})
            for level in self.levels
        ]


def compile_objectives(policy: Policy, measures: Sequence[str]) -> list[tuple[str, dict[int, int]]]:
    """Each level's name and the weights of its `measures`, by index; empty when no document says anything."""
    found = policy.only(Objectives)
    if found is None:
        return []
    number = {name: i for i, name in enumerate(measures)}
    fixed = [(name, {i: 1}) for name, i in number.items() if name not in set(Measure)]
    wished = [(name, {number[m]: weight for m, weight in parts.items()}) for name, parts in found[1].parts()]
    return [*fixed, *wished]
