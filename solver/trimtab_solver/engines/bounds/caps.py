"""What the levels above one demand of its targets."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from ...measures import Key, Measure
from ...problem import ObjectiveLevel

Caps = Mapping[Key, int]
"""What measures may be at most, as the levels above demand."""
INHERITED: Final = Key(Measure.INHERITED)
STOPS: Final = Key(Measure.STOPS)


def caps_of(levels: Iterable[ObjectiveLevel], above: Iterable[int]) -> dict[Key, int]:
    """What the measures may be when the leading levels have the values of `above` or better."""
    caps: dict[Key, int] = {}
    for level, value in zip(levels, above, strict=False):
        for key, weight in level.parts:
            if weight > 0:
                caps[key] = min(caps.get(key, value // weight), value // weight)
    return caps


def rank_caps(caps: Caps) -> dict[int, int]:
    """What may be lost per rank, the highest first."""
    return dict(sorted(((key.rank, most) for key, most in caps.items() if key.rank is not None), reverse=True))
