"""What an expression has no value for, in words."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from .documents import Document
from .expressions import Expression
from .subjects import Subjects

NAMED_IN_FAULTS = 5
"""How many ids a fault lists before it only counts."""


@dataclass(frozen=True, slots=True)
class Omission:
    """An expression without a value, for one cause: on the event (`subjects` is None), or on some guests or hosts."""

    document: Document
    path: str
    expression: Expression
    why: str
    subjects: Subjects | None = None
    indexes: set[int] = field(default_factory=set)

    @property
    def key(self) -> tuple[str, str, str, str]:
        """Document, field, expression and cause."""
        return self.document.name, self.path, self.expression.source, self.why

    @property
    def where(self) -> str:
        """The place in the file."""
        return f"{self.document.position(self.path)} {self.path}"

    def message(self) -> str:
        """What failed where, and why."""
        rule = f'"{self.expression.source}" in {self.document.kind} {self.document.name}'
        if self.subjects is None:
            return f"{rule} fails on this event: {self.why}"
        noun = self.subjects.scope.noun
        ids = [self.subjects.ids[index] for index in sorted(self.indexes)]
        return f"{rule} fails on {count(len(ids), noun)}: {named(ids)}: {self.why}"

    def warning(self) -> str:
        """That the subjects are left out of a should rule."""
        return f"{self.where}: {self.message()}; left out"


def named(ids: Iterable[str]) -> str:
    """The first few ids, and how many more there are."""
    listed = list(ids)
    shown = ", ".join(listed[:NAMED_IN_FAULTS])
    more = len(listed) - NAMED_IN_FAULTS
    return shown + (f" and {more} more" if more > 0 else "")


def count(number: int, noun: str) -> str:
    """A number with its noun."""
    return f"{number} {noun}" + ("" if number == 1 else "s")
