"""What is known of how good any target can be: bounds that follow from the problem, and proofs of engines."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from ..outcome import LevelValue
from ..problem import Problem
from .bounds.bound import Bounds
from .proof import LevelProof


@dataclass(frozen=True, slots=True)
class Claim:
    """What an engine has proven: in no target are the leading levels less than `least`, compared in order."""

    engine: str
    least: tuple[int, ...]


class Ledger:
    """Bounds and proofs of one problem. May be asked from any thread."""

    def __init__(self, problem: Problem) -> None:
        self._names = problem.level_names
        self._bounds = Bounds(problem)
        self._claim = Claim("none", ())
        self._lock = threading.RLock()

    @contextmanager
    def bounds(self) -> Iterator[Bounds]:
        """The bounds that follow from the problem, while nobody else works on them."""
        with self._lock:
            yield self._bounds

    def levels(self, values: tuple[int, ...]) -> tuple[LevelValue, ...]:
        """Value and bound per level for a state with these values.

        While the leading levels are at their proven optimum, the next bound is the proven one; after the first level
        that is worse than its bound only the bounds that follow from the problem hold.
        """
        return tuple(self._levels(values))

    def first_open(self, values: tuple[int, ...]) -> LevelValue | None:
        """The first level that may be better than it is with these values; None when everything is proven."""
        return next((level for level in self._levels(values) if level.gap), None)

    def is_proven(self, values: tuple[int, ...]) -> bool:
        """Whether no target can be better at any level."""
        return self.first_open(values) is None

    def proven_levels(self, values: tuple[int, ...]) -> int:
        """How many leading levels are known to be optimal for these values."""
        return next((i for i, level in enumerate(self._levels(values)) if level.gap), len(values))

    def prove(self, engine: str, proofs: Sequence[LevelProof]) -> None:
        """Remembers the strongest of what engines have proven."""
        claim = Claim(engine, _least(proofs))
        self._claim = max(self._claim, claim, key=lambda one: one.least)

    def _levels(self, values: tuple[int, ...]) -> Iterator[LevelValue]:
        """As `levels`; bounds of later levels are not computed before somebody asks for them."""
        least, tight = self._claim.least, True
        for i, (name, value) in enumerate(zip(self._names, values, strict=True)):
            with self._lock:
                bound = self._bounds.level(i, values)
            if tight and i < len(least):
                bound = max(bound, least[i])
            bound = min(bound, value)
            tight = tight and bound == value
            yield LevelValue(name, value, bound)


def _least(proofs: Sequence[LevelProof]) -> tuple[int, ...]:
    """The optimum of the leading levels, and a bound on the first that is not proven."""
    closed = next((i for i, proof in enumerate(proofs) if proof.value != proof.bound), len(proofs))
    return tuple(proof.bound for proof in proofs[: closed + 1])
