"""Random draws that are the same on every platform and Python version."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")


class Draw:
    """A seeded source of draws, built on `random.Random.random` alone: the one method whose stream never changes.

    A seed that is text begins a stream of its own.
    """

    def __init__(self, seed: int | str) -> None:
        self._next = random.Random(seed).random  # noqa: S311 - reproducible on purpose

    def chance(self, probability: float) -> bool:
        """True with the given probability."""
        return self._next() < probability

    def fraction(self) -> float:
        """A number from 0 up to 1."""
        return self._next()

    def below(self, limit: int) -> int:
        """A whole number from 0 to ``limit - 1``."""
        return int(self._next() * limit)

    def between(self, low: int, high: int) -> int:
        """A whole number from `low` to `high`, both included."""
        return low + self.below(high - low + 1)

    def one_of(self, items: Sequence[T]) -> T:
        """Any of the items."""
        return items[self.below(len(items))]

    def weighted(self, items: Sequence[T], weights: Sequence[int]) -> T:
        """One of the items, as often as its weight says."""
        left = self.below(sum(weights))
        for item, weight in zip(items, weights, strict=True):
            left -= weight
            if left < 0:
                return item
        raise ValueError("weights must be positive")
