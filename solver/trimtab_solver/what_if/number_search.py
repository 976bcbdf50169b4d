"""Searches for the largest number that passes a test, by doubling and then by halving."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class NumberRange:
    """The largest number seen to pass (None: not even 0), and the smallest above it seen to fail (None: none)."""

    passes: int | None
    fails: int | None


def largest(passes: Callable[[int], bool], limit: int) -> NumberRange:
    """Tries 0, 1, 2, 4 and so on up to `limit`, then halves what is between: the two numbers are neighbours or `limit`.

    Where numbers that pass are not all below those that fail, others than those that were tried may do either.
    """
    if not passes(0):
        return NumberRange(None, 0)
    good, bad, at = 0, None, 1
    while bad is None and good < limit:
        at = min(at, limit)
        if passes(at):
            good, at = at, 2 * at
        else:
            bad = at
    while bad is not None and bad - good > 1:
        middle = (good + bad) // 2
        if passes(middle):
            good = middle
        else:
            bad = middle
    return NumberRange(good, bad)
