"""Rows as the report looks at them."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self, TypeVar

from benchmarks.registry import SUBJECTS
from benchmarks.rows import RowFile
from benchmarks.subject import Row
from benchmarks.vmha.recipe import SIZES

KeyT = TypeVar("KeyT", bound=Hashable)

BUDGETS = {size.name: size.budget_s for size in SIZES}
"""Seconds that the claims speak of."""


@dataclass(frozen=True, slots=True)
class Results:
    """The newest row of each case, by subject; `failed` are those that ended with an error."""

    rows: dict[str, list[Row]]
    failed: list[Row]

    @classmethod
    def read(cls, folder: Path, commit: str = "") -> Self:
        """Everything in the folder, or what was measured at one commit."""
        rows: dict[str, list[Row]] = {}
        failed: list[Row] = []
        for subject in SUBJECTS:
            found = [
                row for row in RowFile(folder, subject).latest() if not commit or row["environment"]["commit"] == commit
            ]
            rows[subject] = [row for row in found if "error" not in row]
            failed += [row for row in found if "error" in row]
        return cls(rows, failed)

    @property
    def environments(self) -> list[dict[str, str]]:
        """The different machines and versions that rows come from."""
        found: list[dict[str, str]] = []
        for row in (*(row for rows in self.rows.values() for row in rows), *self.failed):
            if row["environment"] not in found:
                found.append(row["environment"])
        return found

    def vmha(self, **facts: Any) -> list[Row]:
        """Rows of vmha with these facts, at the standard budgets."""
        return [
            row
            for row in self.rows["vmha"]
            if has(row, **facts) and row["case"]["budget_s"] == BUDGETS[row["case"]["size"]]
        ]


def has(row: Row, **facts: Any) -> bool:
    """Whether the row's case has all these facts."""
    return all(row["case"].get(key) == value for key, value in facts.items())


def grouped(rows: Iterable[Row], key: Callable[[Row], KeyT]) -> dict[KeyT, list[Row]]:
    """Rows by key, in order of first occurrence."""
    groups: dict[KeyT, list[Row]] = {}
    for row in rows:
        groups.setdefault(key(row), []).append(row)
    return groups


def median(values: Iterable[float]) -> float:
    """The median; there must be a value."""
    return statistics.median(values)


def value_of(row: Row, level: str) -> int:
    """What a level came to."""
    entry = row["levels"][level]
    return int(entry[0] if isinstance(entry, list) else entry)


def bound_of(row: Row, level: str) -> int:
    """No plan does better than this at the level."""
    return int(row["levels"][level][1])


def excess_percent(values: Sequence[int], bounds: Sequence[int]) -> float:
    """Median of how far values are above their bounds, in percent of the bound; of one guest where the bound is 0."""
    return median(100.0 * (value - bound) / max(bound, 1) for value, bound in zip(values, bounds, strict=True))
