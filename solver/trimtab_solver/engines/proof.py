"""How well a level is known."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class LevelProof:
    """How one level ended. `value` is None when the level was not reached in time.

    `bound` holds for targets that have the values of this one at the levels above.
    """

    value: int | None
    bound: int
