"""The arguments for bounds: for each measure why it is no less than so much, one file per argument."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import assert_never

from ...measures import Key, Measure
from .breaches import unmendable
from .caps import Caps
from .crowding import crowded_out
from .imbalance import least_imbalance
from .losses import least_loss
from .moves import forced_moves
from .penalties import least_penalty
from .relaxations import Relaxations
from .shrinkage import least_shrinkage
from .stops import fewest_stops
from .without_host import without_host

Argument = Callable[[Relaxations, Caps], int]
"""What the measure is at least, in every target in which the measures of the levels above are at most `Caps`."""


def arguments_for(key: Key) -> tuple[Argument, ...]:
    """All arguments about a measure, cheap ones first; the strongest one counts."""
    match key.measure:
        case Measure.RUNNING:
            assert key.rank is not None, "losses are counted per rank"
            return tuple(partial(argument, rank=key.rank) for argument in (without_host, least_loss, crowded_out))
        case Measure.INHERITED:
            return (unmendable,)
        case Measure.STOPS:
            return (fewest_stops,)
        case Measure.SHRINKAGE:
            return (least_shrinkage,)
        case Measure.SHOULD:
            return (least_penalty,)
        case Measure.DISRUPTION:
            return (forced_moves,)
        case Measure.BALANCE:
            return (least_imbalance,)
        case _:
            assert_never(key.measure)
