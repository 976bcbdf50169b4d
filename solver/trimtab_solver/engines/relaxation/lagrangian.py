"""Lower bounds by prices on what is scarce, exact in integers.

Lagrangian relaxation (M. L. Fisher, "The Lagrangian relaxation method for solving integer programming problems",
Management Science 27, 1981): with a price on each unit of room, on each move and on each unit of loss allowed at a
level above, guests are independent of each other, and each takes its cheapest option. For *any* prices that are not
negative the sum is a bound. Prices are integers in units of 1/scale, so that no rounding error can lift the sum above
the truth, however inexact the solver was that proposed them (`dual`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ...primitives.encoding import Ints
from .relaxed_problem import RelaxedProblem

Floats = npt.NDArray[np.float64]

_NEVER = np.int64(2**61)
"""Cost of what is impossible; no sum of real costs comes near."""


@dataclass(frozen=True, slots=True)
class DualPrices:
    """Dual prices: per unit of room [T, R], per move and per unit of each limit, in units of 1/`scale`."""

    scale: int
    room: Ints
    move: int
    limits: tuple[int, ...]


def bound_at(relaxed: RelaxedProblem, prices: DualPrices) -> int:
    """The bound that these prices prove, rounded up to an integer."""
    return -(-_lagrangian(relaxed, prices) // prices.scale)


def _options(relaxed: RelaxedProblem, prices: DualPrices) -> tuple[Ints, Ints, Ints, Ints]:
    """Scaled costs: down while waiting [K], down after running [K], on a host of each type [K, T], arrival [K]."""
    goal, relaxation, scale = relaxed.goal, relaxed.relaxation, prices.scale
    loss, stop = goal.loss * scale, (goal.loss + goal.stop) * scale
    for limit, price in zip(relaxed.limits, prices.limits, strict=True):
        loss = loss + limit.loss * price
        stop = stop + (limit.loss + limit.stop) * price
    waiting = np.where(relaxed.may_wait, loss[relaxation.tier], _NEVER)
    stopped = np.where(relaxed.may_stop, stop[relaxation.tier], _NEVER)
    small = relaxed.load * prices.room[None, :, :]
    if goal.shrink is not None:
        cut = goal.shrink * (relaxation.upper - relaxation.floor) * scale
        small = np.minimum(small + cut[:, None, :], relaxed.full * prices.room[None, :, :])
    here = goal.run[:, None] * scale + small.sum(axis=2)
    arrival = np.where(relaxation.mask, here, _NEVER).min(axis=1, initial=_NEVER)
    return waiting, stopped, here, arrival


def _lagrangian(relaxed: RelaxedProblem, prices: DualPrices) -> int:
    """What the cheapest option of every guest costs at these prices, less the worth of all there is; exact."""
    waiting, stopped, here, arrival = _options(relaxed, prices)
    k = relaxed.kind
    stay = here[k, relaxed.type]
    stop = np.where(relaxed.evictable, stopped[k], _NEVER)
    # at least its floor of a transient resource stays held where it was
    behind = (relaxed.load * (prices.room * relaxed.transient)[None, :, :]).sum(axis=2)[k, relaxed.type]
    leave = np.where(relaxed.movable, arrival[k] + prices.move * relaxed.counted + behind, _NEVER)
    cheapest = np.minimum(np.minimum(stay, stop), leave)
    waits = np.minimum(waiting, arrival)
    total = _dot(relaxed.relaxation.waiting, waits) + _dot(relaxed.number, cheapest)
    total -= _dot(relaxed.room.ravel(), prices.room.ravel())
    total -= prices.move * (relaxed.goal.moves or 0)
    return total - sum(limit.most * price for limit, price in zip(relaxed.limits, prices.limits, strict=True))


def _dot(left: Ints, right: Ints) -> int:
    """The exact sum of products, of any size."""
    used = np.flatnonzero(left)
    return sum(a * b for a, b in zip(left[used].tolist(), right[used].tolist(), strict=True))
