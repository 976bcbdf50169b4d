"""What a benchmark subject is: cases that can be run one by one, each giving one row."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Row = dict[str, Any]
"""One measurement, as it is written to a file of JSON lines."""


class SkippedError(Exception):
    """A case cannot be run here; the message says what is missing. Not a failure."""


@dataclass(frozen=True, slots=True)
class CaseSelection:
    """What to run. Empty `sizes` mean all; `budget_factor` scales every budget; `smoke` is the seconds-long mode.

    Of batches of scenarios the first `scenarios` are run, with 0 all.
    """

    sizes: Sequence[str] = ()
    seeds: Sequence[int] = (1, 2, 3)
    budget_factor: float = 1.0
    smoke: bool = False
    scenarios: int = 0

    def has_size(self, name: str) -> bool:
        """Whether the size was asked for."""
        return not self.sizes or name in self.sizes


@dataclass(frozen=True, slots=True)
class BenchmarkCase:
    """One run of a subject: `facts` say what is run and identify it, `run` does it and returns what was measured."""

    facts: Mapping[str, Any]
    run: Callable[[], Row]

    @property
    def name(self) -> str:
        """The facts in words."""
        return " ".join(f"{key}={value}" for key, value in self.facts.items())


Subject = Callable[[CaseSelection], Iterator[BenchmarkCase]]
"""A subject yields its cases, small ones first."""
