"""What a report is made of. Text is as it came, hostile names included: making it harmless is up to each rendering."""

from __future__ import annotations

import enum
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from .quantities import some


class Tone(enum.StrEnum):
    """How a text is meant; words say it too, so that nothing is lost where there is no colour."""

    PLAIN = "plain"
    GOOD = "good"
    DOUBTFUL = "doubtful"
    BAD = "bad"
    QUIET = "quiet"


@dataclass(frozen=True, slots=True)
class Digest:
    """A hash in hexadecimal: whole where there is room, its first digits on a terminal."""

    value: str


Part = str | Digest


@dataclass(frozen=True, slots=True)
class Line:
    """A sentence. `indent` counts columns on a terminal; `is_fixed` keeps it on one line, as editors find places."""

    parts: tuple[Part, ...]
    tone: Tone = Tone.PLAIN
    is_strong: bool = False
    indent: int = 0
    is_fixed: bool = False


@dataclass(frozen=True, slots=True)
class Items:
    """A list of sentences."""

    texts: tuple[str, ...]


Value = None | bool | int | float | str | tuple["Value", ...] | Mapping[str, "Value"]
"""What a program reads: numbers and ids as they are, not in words."""


class Shown(enum.Enum):
    """A cell whose text says all."""

    AS_TEXT = "as text"


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table. On a terminal numbers are flush right, and only `wrap` columns take several lines.

    `most` limits the width there, 0 does not; a column that `needs_room` is left out there. Programs find its values
    under `key`, without one under the words of the title; `unit` is what numbers in it count, such as ``s``.
    """

    title: str
    is_number: bool = False
    wrap: bool = False
    most: int = 0
    needs_room: bool = False
    key: str = ""
    unit: str = ""

    @property
    def name(self) -> str:
        """The key, or the title in the manner of JSON: ``ran before`` is ``ranBefore``."""
        first, *others = re.findall(r"\w+", self.title) or [""]
        return self.key or first + "".join(word.capitalize() for word in others)


@dataclass(frozen=True, slots=True)
class Cell:
    """A text in a table, and what it says as a value for programs. Cells that read alike are alike.

    `full` is what is said where nothing is left out; empty if that is the text.
    """

    text: str
    tone: Tone = Tone.PLAIN
    is_strong: bool = False
    value: Value | Shown = field(default=Shown.AS_TEXT, compare=False)
    full: str = ""

    @property
    def whole(self) -> str:
        """All that it says."""
        return self.full or self.text


Row = tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """Rows below heads.

    A list has as many rows as a cluster makes it have, and may be cut short; `noun` is what a row of it is, where it is
    said how many are not shown. `is_grouped`: rows that differ in the first cell only may be shown as one; `left_out`
    rows are not in `rows`. Programs find it by `name`. With `lines` a terminal shows them in place of rows, each on one
    line however long, as editors find places.
    """

    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    is_list: bool = False
    noun: str = ""
    is_grouped: bool = False
    left_out: int = 0
    name: str = ""
    lines: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Tile:
    """A host in a heat map at one moment.

    `percent` is how much of its room is given to guests, None where it has none; `state` is in words, empty for a host
    that is up; `amount` says in words what is given.
    """

    percent: int | None
    state: str
    guests: int
    amount: str


@dataclass(frozen=True, slots=True)
class HeatMapHost:
    """A host in a heat map."""

    host_id: str
    before: Tile
    after: Tile


@dataclass(frozen=True, slots=True)
class HeatMap:
    """How full hosts are of one resource (in words), before and after; the hosts by failure domain."""

    resource: str
    domains: tuple[tuple[str, tuple[HeatMapHost, ...]], ...]


class BarKind(enum.StrEnum):
    """What is done during a bar of a timeline."""

    HOST = "host"
    ARRIVAL = "arrival"
    MOVE = "move"
    DEPARTURE = "departure"
    RESIZE = "resize"


@dataclass(frozen=True, slots=True)
class Bar:
    """What lasts from `start` to `end`, in seconds."""

    label: str
    start: int
    end: int
    kind: BarKind


@dataclass(frozen=True, slots=True)
class Timeline:
    """When things are done, from 0 to `end` seconds; `left_out` bars are not in `bars`, and `noun` is what one is."""

    bars: tuple[Bar, ...]
    end: int
    noun: str
    left_out: int = 0


Block = Line | Items | Table | HeatMap | Timeline


@dataclass(frozen=True, slots=True)
class Section:
    """A part with a heading; `remark` says how to read it. One that `is_drawn` is left out in plain text."""

    title: str
    blocks: tuple[Block, ...] = ()
    remark: str = ""
    sections: tuple[Section, ...] = ()
    is_drawn: bool = False


@dataclass(frozen=True, slots=True)
class Report:
    """What is to be said: the verdict, what explains it, and the lines that say what it rests on.

    `facts` are what its sentences say, as values for programs.
    """

    verdict: Line
    blocks: tuple[Block, ...] = ()
    sections: tuple[Section, ...] = ()
    basis: tuple[Line, ...] = ()
    facts: Mapping[str, Value] = field(default_factory=dict)


def line(*parts: Part, tone: Tone = Tone.PLAIN, is_strong: bool = False, indent: int = 0) -> Line:
    """A sentence of these parts."""
    return Line(parts, tone, is_strong, indent)


def fixed(text: str, tone: Tone = Tone.PLAIN) -> Line:
    """A line that is never wrapped."""
    return Line((text,), tone, is_fixed=True)


def cells(*parts: str | int) -> Row:
    """A row of plain texts and whole numbers."""
    return tuple(Cell(part) if isinstance(part, str) else number(part) for part in parts)


def number(value: int, tone: Tone = Tone.PLAIN, *, is_strong: bool = False) -> Cell:
    """A whole number."""
    return Cell(str(value), tone, is_strong, value)


def listed(names: Sequence[str], limit: int, value: Value) -> Cell:
    """Names, of which there may be more than are read in passing."""
    short = some(names, limit)
    full = ", ".join(names)
    return Cell(short, value=value, full="" if full == short else full)


def whole(parts: tuple[Part, ...]) -> str:
    """The text of a line with digests as they are."""
    return "".join(part.value if isinstance(part, Digest) else part for part in parts)
