"""Expected downtime by random failures and repairs (regenerative simulation; Crane and Iglehart 1975).

A busy period lasts from a failure in a whole cluster until it is whole again. Busy periods are independent and alike,
so the share of time that is lost is the mean downtime of one, times how often they begin.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final

import numpy as np

from .assessed_impacts import AssessedImpacts, Order
from .downtime import ExpectedDowntime, Shares, expected_downtime, whole_share
from .failing_parts import FailingPart, by_name, without_nested
from .impact import Impact

_CONFIDENCE: Final = 1.959964
"""Standard errors on either side that hold the mean in 95 of 100 cases."""
_UNSEEN: Final = 3.0
"""What has not happened in n trials happens less often than in this many of n, in 95 of 100 cases (rule of three)."""


@dataclass(frozen=True, slots=True)
class _Stay:
    """So many seconds in which just these parts have failed, in this order."""

    order: Order
    seconds: float


_BusyPeriod = tuple[_Stay, ...]


def downtime_by_simulation(
    parts: Sequence[FailingPart], impacts: AssessedImpacts, maintenance: Shares, depth: int, cycles: int, seed: int
) -> ExpectedDowntime:
    """The shares of time in which services are down, from `cycles` busy periods of parts that all fail some time.

    While more than `depth` parts have failed at once every service counts as down.
    """
    known = by_name(parts)
    chance = random.Random(seed)  # noqa: S311 - reproducible on purpose
    periods = list(islice(_draw(parts, chance), cycles))
    reduced = {stay.order: without_nested(stay.order, known) for period in periods for stay in period}
    impacts.fill([(), *(order for order in reduced.values() if len(order) <= depth)])
    whole = impacts.of(())
    beyond = _beyond(whole)
    found = {full: beyond if len(order) > depth else impacts.of(order) for full, order in reduced.items()}
    sums, squares, shorts = (np.zeros(len(maintenance)) for _ in range(3))
    for period in periods:
        down, short = _lost(period, found, whole)
        sums += down
        squares += down**2
        shorts += short
    share = whole_share(parts)
    often = share * sum(part.reliability.rate for part in parts)
    mean = sums / cycles
    error = np.sqrt(np.maximum(0.0, squares / cycles - mean**2) / cycles)
    longest = max(part.reliability.mttr_s for part in parts)
    spread = np.where(sums > 0, _CONFIDENCE * error, _UNSEEN / cycles * longest)
    always, short = share * whole.is_down, often * shorts / cycles + share * whole.is_short
    total = often * mean + always
    return expected_downtime(
        np.maximum(0.0, total - short),
        np.minimum(short, total),
        maintenance,
        total - np.where(sums > 0, often * spread, 0.0),
        total + often * spread,
    )


def _draw(parts: Sequence[FailingPart], chance: random.Random) -> Iterator[_BusyPeriod]:
    """Busy periods without end."""
    repair = {part.name: 1 / part.reliability.mttr_s for part in parts}
    names, rates = [part.name for part in parts], [part.reliability.rate for part in parts]
    failing = sum(rates)
    while True:
        order: Order = tuple(chance.choices(names, rates))
        stays: list[_Stay] = []
        while order:
            repairing = sum(repair[name] for name in order)
            seconds = 0.0
            while True:
                seconds += chance.expovariate(failing + repairing)
                if chance.random() * (failing + repairing) < repairing:
                    (back,) = chance.choices(order, [repair[name] for name in order])
                    following = tuple(name for name in order if name != back)
                    break
                (name,) = chance.choices(names, rates)
                if name not in order:
                    following = (*order, name)
                    break
            stays.append(_Stay(order, seconds))
            order = following
        yield tuple(stays)


def _lost(period: _BusyPeriod, found: Mapping[Order, Impact], whole: Impact) -> tuple[Shares, Shares]:
    """Seconds in which services are down in a busy period, and what of them is shortage."""
    down, short = np.zeros(len(whole.is_down)), np.zeros(len(whole.is_down))
    until = np.zeros(len(whole.is_down))
    """For how long yet plans have services down."""
    before, known = whole, 0
    for stay in period:
        now = found[stay.order]
        if len(stay.order) > known:
            if now is not before:
                until = np.maximum(until, np.where(now.is_down, 0.0, now.out_s))
                short += np.where(now.is_down, 0.0, now.short_s)
        else:
            until = np.maximum(until, np.where(before.is_down & ~now.is_down, before.back_s, 0.0))
        lost = np.where(now.is_down, stay.seconds, np.minimum(until, stay.seconds))
        down += lost
        short += np.where(now.is_short, lost, 0.0)
        until = np.maximum(0.0, until - stay.seconds)
        before, known = now, len(stay.order)
    until = np.maximum(until, np.where(before.is_down & ~whole.is_down, before.back_s, 0.0))
    return down + until, short


def _beyond(like: Impact) -> Impact:
    """When more have failed than are looked at: everybody is down."""
    nothing, no = np.zeros(len(like.is_down)), np.zeros(len(like.is_down), dtype=np.bool_)
    return Impact("", like.basis, nothing, nothing, ~no, no, no, no, nothing)
