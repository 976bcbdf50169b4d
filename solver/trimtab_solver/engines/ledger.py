"""What is known of how good any target can be: bounds that follow from the problem, and proofs of engines."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice

from ..outcome import LevelValue
from ..problem import Problem
from .bounds.bound import Bounds
from .proof import LevelProof

Values = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class EngineBound:
    """What an engine has proven: in no target are the leading levels less than `least`, compared in order."""

    engine: str
    least: tuple[int, ...]

    def is_refuted_by(self, values: Values) -> bool:
        """Whether a state with these values cannot be, if it is true."""
        return values[: len(self.least)] < self.least


class Ledger:
    """Bounds and proofs of one problem. May be asked from any thread."""

    def __init__(self, problem: Problem) -> None:
        self._problem, self._names = problem, problem.level_names
        self._bounds = Bounds(problem)
        self._proven = EngineBound("none", ())
        self._reached: Values | None = None
        self._dropped: set[int] = set()
        """Levels whose bounds have been refuted."""
        self._lock = threading.RLock()

    @contextmanager
    def bounds(self) -> Iterator[Bounds]:
        """The bounds that follow from the problem, while nobody else works on them."""
        with self._lock:
            yield self._bounds

    def levels(self, values: Values, most: int | None = None) -> tuple[LevelValue, ...]:
        """Value and bound per level for a state with these values; of so many leading levels, if not of all.

        While the leading levels are at their proven optimum, the next bound is the proven one; after the first level
        that is worse than its bound only the bounds that follow from the problem hold.
        """
        return tuple(islice(self._levels(values), most))

    def first_open(self, values: Values) -> LevelValue | None:
        """The first level that may be better than it is with these values; None when everything is proven."""
        return next((level for level in self._levels(values) if level.gap), None)

    def is_proven(self, values: Values) -> bool:
        """Whether no target can be better at any level."""
        return self.first_open(values) is None

    def proven_levels(self, values: Values) -> int:
        """How many leading levels are known to be optimal for these values."""
        return next((i for i, level in enumerate(self._levels(values)) if level.gap), len(values))

    def prove(self, engine: str, proofs: Sequence[LevelProof]) -> str | None:
        """Remembers the strongest of what engines have proven; says in words what refutes it, if a plan does."""
        bound = EngineBound(engine, _least(proofs))
        if self._reached is not None and bound.is_refuted_by(self._reached):
            return _refuted(bound.least, self._reached)
        self._proven = max(self._proven, bound, key=lambda one: one.least)
        return None

    def confirm(self, values: Values) -> Iterator[tuple[str, str]]:
        """Takes note of what a verified plan has reached, the best so far.

        Gives each engine whose proof it refutes, with what refutes it in words: that proof is dropped.
        """
        self._reached = values
        if self._proven.is_refuted_by(values):
            yield self._proven.engine, _refuted(self._proven.least, values)
            self._proven = EngineBound("none", ())

    def check_bounds(self, values: Values) -> Iterator[str]:
        """What of the bounds that follow from the problem a verified plan refutes, in words: they are dropped."""
        for i, (name, value) in enumerate(zip(self._names, values, strict=True)):
            with self._lock:
                bound = self._bounds.level(i, values)
            if bound > value and i not in self._dropped:
                self._dropped.add(i)
                yield f"level {name} is at least {bound}, and a verified plan reaches {value}"

    def renewed(self) -> Ledger:
        """Another one, for when a thread that does not come back may hold this; what was tightened is lost."""
        ledger = Ledger(self._problem)
        ledger._proven, ledger._reached, ledger._dropped = self._proven, self._reached, set(self._dropped)
        return ledger

    def _levels(self, values: Values) -> Iterator[LevelValue]:
        """As `levels`; bounds of later levels are not computed before somebody asks for them."""
        least, tight = self._proven.least, True
        for i, (name, value) in enumerate(zip(self._names, values, strict=True)):
            with self._lock:
                bound = 0 if i in self._dropped else self._bounds.level(i, values)
            if tight and i < len(least):
                bound = max(bound, least[i])
            bound = min(bound, value)
            tight = tight and bound == value
            yield LevelValue(name, value, bound)


def _refuted(least: Values, values: Values) -> str:
    return f"no target is below {least} at its first levels, and a verified plan reaches {values}"


def _least(proofs: Sequence[LevelProof]) -> tuple[int, ...]:
    """The optimum of the leading levels, and a bound on the first that is not proven."""
    closed = next((i for i, proof in enumerate(proofs) if proof.value != proof.bound), len(proofs))
    return tuple(proof.bound for proof in proofs[: closed + 1])
