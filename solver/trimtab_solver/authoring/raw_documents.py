"""Documents as they are written: plain values, and where each stands."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ..errors import Fault
from ..policy.documents import Source


@dataclass(frozen=True, slots=True)
class Scalar:
    """Where a scalar stands and how it is written, to point into it."""

    source: Source
    style: str
    """``""`` plain, or the quote or block character that opens it."""
    raw: str
    """Its text as written: without quotes when they are plain, the lines below when it is a ``|`` block."""
    one_line: bool

    def point(self, line: int, column: int) -> Source:
        """Where `line`:`column` of the scalar's value stands; where it begins when that cannot be told."""
        at = self.source
        if self.style == "|":
            rows = self.raw.split("\n")
            indent = next((len(row) - len(row.lstrip(" ")) for row in rows if row.strip()), 0)
            return Source(at.file, at.line + line, indent + column)
        if not self.one_line or line != 1:
            return at
        if not self.style:
            return Source(at.file, at.line, at.column + column - 1)
        escape = "''" if self.style == "'" else "\\"
        if escape in self.raw:
            return at
        return Source(at.file, at.line, at.column + column)


@dataclass(slots=True)
class RawDocument:
    """One YAML document: plain values and where each stands. `broken` are paths whose value could not be read."""

    source: Source
    content: Any = None
    positions: dict[str, Source] = field(default_factory=dict)
    """By field path: a scalar's own place, a collection's key."""
    keys: dict[str, Source] = field(default_factory=dict)
    scalars: dict[str, Scalar] = field(default_factory=dict)
    broken: set[str] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class ReadFile:
    """What one file holds, and what is wrong with it as YAML. Not `is_whole`: there is more that could not be read."""

    documents: tuple[RawDocument, ...]
    faults: tuple[Fault, ...]
    is_whole: bool


def child(path: str, key: str | int) -> str:
    """The path of a member of the value at `path`."""
    if isinstance(key, int):
        return f"{path}[{key}]"
    return f"{path}.{key}" if path else key
