"""One value per subject, kept as the number of the distinct value it is: what is alike is looked at once."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
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
        known: dict[Hashable, int] = {}
        number = np.fromiter((known.setdefault(value, len(known)) for value in values), dtype=np.int64, count=count)
        return cls(number, list(known))

    @classmethod
    def of_objects(cls, values: Iterable[Any], count: int) -> Column:
        """As `of`, for values that cannot be hashed: distinct objects are distinct values, equal or not.

        All values must be alive elsewhere for as long as this takes.
        """
        known: dict[int, tuple[int, Any]] = {}
        number = np.fromiter(
            (known.setdefault(id(value), (len(known), value))[0] for value in values), dtype=np.int64, count=count
        )
        return cls(number, [value for _, value in known.values()])

    def map(self, change: Callable[[Any], Hashable]) -> Column:
        """The column of the changed values."""
        changed = Column.of(map(change, self.distinct), len(self.distinct))
        return Column(changed.number[self.number], changed.distinct)

    def with_(self, other: Column) -> Column:
        """The column of the values of this one, which are tuples, each with the subject's value of the other one."""
        width = len(other.distinct)
        pairs, number = np.unique(self.number * width + other.number, return_inverse=True)
        distinct = [(*self.distinct[pair // width], other.distinct[pair % width]) for pair in pairs.tolist()]
        return Column(number, distinct)
