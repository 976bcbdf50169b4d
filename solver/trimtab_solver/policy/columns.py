"""One value per subject, kept as the number of the distinct value it is: what is alike is looked at once."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Column:
    """Subject i has the value ``distinct[number[i]]``. Shape of `number`: [n]."""

    number: Numbers
    distinct: list[Any]

    @classmethod
    def of(cls, values: Iterable[Hashable], count: int) -> Column:
        """The column of `count` values."""
        listed = list(values)
        known = {value: n for n, value in enumerate(dict.fromkeys(listed))}
        return cls(np.fromiter(map(known.__getitem__, listed), dtype=np.int64, count=count), list(known))

    @classmethod
    def of_objects(cls, values: Iterable[Any], count: int) -> Column:
        """As `of`, for values that cannot be hashed: distinct objects are distinct values, equal or not.

        All values must be alive elsewhere for as long as this takes.
        """
        listed = list(values)
        numbers = Column.of(map(id, listed), count)
        known = dict(zip(map(id, listed), listed, strict=True))
        return cls(numbers.number, [known[one] for one in numbers.distinct])

    def map(self, change: Callable[[Any], Hashable]) -> Column:
        """The column of the changed values."""
        changed = Column.of(map(change, self.distinct), len(self.distinct))
        return Column(changed.number[self.number], changed.distinct)


def present(number: Numbers) -> list[int]:
    """Which numbers occur, ascending."""
    return np.flatnonzero(np.bincount(number)).tolist()


class Rows:
    """Several columns side by side: subject i has row ``number[i]``, of `count` distinct ones; `number` is [n]."""

    def __init__(self, columns: Sequence[Column], subjects: int) -> None:
        self._columns = columns
        self.number = np.zeros(subjects, dtype=np.int64)
        for column in columns:
            pairs = self.number * len(column.distinct) + column.number
            _, self.number = np.unique(pairs, return_inverse=True)
        found, first = np.unique(self.number, return_index=True)
        self._first = first
        self.count = len(found)

    def values(self, row: int) -> tuple[Any, ...]:
        """What the subjects of a row have in each column."""
        subject = self._first[row]
        return tuple(column.distinct[column.number[subject]] for column in self._columns)
