"""Levels of the objective: what each counts, in which unit, and how its values are written.

Programs get values as they are; people read memory in GiB.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, assert_never

from trimtab_solver.measures import Measure
from trimtab_solver.outcome import LevelValue

from .model import Cell, Column, Row, Table, Tone, cells
from .quantities import abbreviate

_HUNDREDTHS: Final = 100


@dataclass(frozen=True, slots=True)
class Unit:
    """What a level counts in: for people, for programs (`key`), and how many of the latter make one of the former."""

    name: str
    key: str
    size: int = 1


_GIB: Final = Unit("GiB", "MiB", 1024)
_WEIGHED: Final = Unit("weighted", "weighted sum")


def unit_of(name: str) -> Unit:
    """The unit of the level."""
    kind, _, _ = name.partition(":")
    if kind not in set(Measure):
        return _WEIGHED
    match Measure(kind):
        case Measure.RUNNING:
            return Unit("guest value", "guest value")
        case Measure.INHERITED:
            return Unit("breaches", "breaches")
        case Measure.STOPS:
            return Unit("points", "points")
        case Measure.SHRINKAGE:
            return Unit("mCPU + MiB", "mCPU + MiB")
        case Measure.SHOULD:
            return Unit("breaches", "breaches")
        case Measure.DISRUPTION:
            return _GIB
        case Measure.BALANCE:
            return _WEIGHED
        case _:
            assert_never(Measure(kind))


def describe_level(name: str) -> str:
    """What the level counts."""
    kind, _, tiers = name.partition(":")
    if kind not in set(Measure):
        return "as Objectives weigh it"
    return _describe_measure(Measure(kind), tiers)


def _describe_measure(measure: Measure, tiers: str) -> str:
    match measure:
        case Measure.RUNNING:
            return f"{' and '.join(tiers.split('+'))} guests down, by value"
        case Measure.INHERITED:
            return "must rules broken, hosts overfull"
        case Measure.STOPS:
            return "a stop counts 2, a suspension 1"
        case Measure.SHRINKAGE:
            return "1/1000 core and MiB below requests, by cost"
        case Measure.SHOULD:
            return "should rules broken, by weight"
        case Measure.DISRUPTION:
            return "memory of guests that move, cold 4 times; 4 a spare; surcharges"
        case Measure.BALANCE:
            return "load above thresholds, uneven load"
        case _:
            assert_never(measure)


def short_level(name: str) -> str:
    """The level as the head of a narrow column: with the unit, where its values are not written as they are."""
    unit = unit_of(name)
    return name.removeprefix("running:") + (f" ({unit.name})" if unit.size > 1 else "")


def spell_value(name: str, value: int, *, is_bound: bool = False) -> str:
    """A value in the unit for people: never less than it is, as a bound never more."""
    size = unit_of(name).size
    if size == 1:
        return str(value)
    scaled = value * _HUNDREDTHS
    hundredths = scaled // size if is_bound else -(-scaled // size)
    return f"{hundredths / _HUNDREDTHS:.2f}".rstrip("0").rstrip(".")


def abbreviate_value(name: str, value: int) -> str:
    """A value in the unit for people, in three digits."""
    return abbreviate(value / unit_of(name).size)


def describe_proof(level: LevelValue) -> str:
    """Whether a better value is ruled out."""
    return "proven best" if level.gap == 0 else f"{spell_value(level.name, level.bound, is_bound=True)} at best"


def value_cell(name: str, value: int, tone: Tone = Tone.PLAIN, *, is_strong: bool = False) -> Cell:
    """A value of a level in a table."""
    return Cell(spell_value(name, value), tone, is_strong, value)


def unit_cell(name: str) -> Cell:
    """The unit of a level in a table."""
    unit = unit_of(name)
    return Cell(unit.name, value=unit.key)


def level_table(levels: Sequence[LevelValue]) -> Table:
    """How good the plan is, and what is proven."""
    columns = (
        Column("level"),
        Column("value", is_number=True),
        Column("unit", wrap=True, most=11),
        Column("proof", key="bound"),
        Column("counts", wrap=True),
    )
    return Table(columns, tuple(map(_level_row, levels)), name="levels")


def _level_row(level: LevelValue) -> Row:
    proof = Cell(describe_proof(level), Tone.GOOD if level.gap == 0 else Tone.DOUBTFUL, value=level.bound)
    value = value_cell(level.name, level.value)
    return (*cells(level.name), value, unit_cell(level.name), proof, Cell(describe_level(level.name)))
