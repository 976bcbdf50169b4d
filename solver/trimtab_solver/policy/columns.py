"""One value per subject, kept as the number of the distinct value it is: what is alike is looked at once."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class EncodedColumn:
    """Subject i has the value ``distinct[number[i]]``. Shape of `number`: [n]."""

    number: Numbers
    distinct: list[Any]

    @classmethod
    def of(cls, values: Iterable[Hashable], count: int) -> EncodedColumn:
        """The column of `count` values."""
        listed = list(values)
        known = {value: n for n, value in enumerate(dict.fromkeys(listed))}
        return cls(np.fromiter(map(known.__getitem__, listed), dtype=np.int64, count=count), list(known))

    @classmethod
    def of_objects(cls, values: Iterable[Any], count: int) -> EncodedColumn:
        """As `of`, for values that cannot be hashed: distinct objects are distinct values, equal or not.

        All values must be alive elsewhere for as long as this takes.
        """
        listed = list(values)
        numbers = EncodedColumn.of(map(id, listed), count)
        known = dict(zip(map(id, listed), listed, strict=True))
        return cls(numbers.number, [known[one] for one in numbers.distinct])

    def extended(self, values: Iterable[Hashable]) -> EncodedColumn:
        """With the values of further subjects."""
        listed = list(values)
        known = {value: n for n, value in enumerate(dict.fromkeys((*self.distinct, *listed)))}
        number = np.array([known[value] for value in listed], dtype=np.int64)
        return EncodedColumn(np.concatenate((self.number, number)), list(known))

    def map(self, change: Callable[[Any], Hashable]) -> EncodedColumn:
        """The column of the changed values."""
        changed = EncodedColumn.of(map(change, self.distinct), len(self.distinct))
        return EncodedColumn(changed.number[self.number], changed.distinct)


def present(number: Numbers) -> list[int]:
    """Which numbers occur, ascending."""
    return np.flatnonzero(np.bincount(number)).tolist()


@dataclass(frozen=True, slots=True)
class Rows:
    """Several columns side by side: subject i has row ``number[i]``, and ``first[row]`` is a subject with that row.

    Shapes: `number` [n], `first` one for each distinct row.
    """

    columns: tuple[EncodedColumn, ...]
    number: Numbers
    first: Numbers

    @classmethod
    def of(cls, columns: Sequence[EncodedColumn], subjects: int) -> Rows:
        """The rows of so many subjects."""
        number = np.zeros(subjects, dtype=np.int64)
        for column in columns:
            pairs = number * len(column.distinct) + column.number
            _, number = np.unique(pairs, return_inverse=True)
        _, first = np.unique(number, return_index=True)
        return cls(tuple(columns), number, first)

    @property
    def count(self) -> int:
        """How many distinct rows there are."""
        return len(self.first)

    def extended(self, columns: Sequence[EncodedColumn], subjects: int) -> Rows:
        """With further subjects, up to so many, that the columns have too; rows that are there keep their numbers."""
        before = len(self.number)
        known = {row: n for n, row in enumerate(_side_by_side(columns, self.first))}
        rows = _side_by_side(columns, np.arange(before, subjects))
        number = np.array([known.setdefault(row, len(known)) for row in rows], dtype=np.int64)
        _, first = np.unique(number, return_index=True)
        fresh = first[number[first] >= self.count] + before
        return Rows(tuple(columns), np.concatenate((self.number, number)), np.concatenate((self.first, fresh)))

    def values(self, row: int) -> tuple[Any, ...]:
        """What the subjects of a row have in each column."""
        subject = self.first[row]
        return tuple(column.distinct[column.number[subject]] for column in self.columns)


def _side_by_side(columns: Sequence[EncodedColumn], subjects: Numbers) -> list[tuple[int, ...]]:
    """Per subject, the number of its value in each column."""
    if not columns:
        return [()] * len(subjects)
    return list(zip(*(column.number[subjects].tolist() for column in columns), strict=True))
