"""What single hosts had best hold at given prices, and what that proves.

With prices on arrivals of every kind, on moves, and on resources that are not packed, hosts are independent of each
other: the best that one can do is a knapsack over the guests that run there and those that may arrive (`knapsacks`).
Any prices prove a bound (Lagrangian relaxation, see `relaxation.pricing`); it is evaluated in integers, so it holds
however inexact the prices are.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ...primitives.encoding import Bools, Ints
from ..relaxation.pricing import Market, Prices
from .knapsacks import Packing, pack

Floats = npt.NDArray[np.float64]

_NEVER = np.int64(2**61)
_SCALE_BITS = 32
_SAFE_BITS = 58


@dataclass(frozen=True, slots=True)
class Contents:
    """What hosts may hold, number n on host ``host[n]`` [N].

    Arrivals: `arrival_of` [A] says of which content, then `kind` and `number`. Residents that do not stay: `goer_of`
    [G], `goer` (their places in the packing), and whether they are `stopped` or go elsewhere.
    """

    host: Ints
    arrival_of: Ints
    kind: Ints
    number: Ints
    goer_of: Ints
    goer: Ints
    stopped: Bools

    def only(self, chosen: Bools) -> Contents:
        """Some of these contents, in the same order."""
        place = np.cumsum(chosen) - 1
        arrivals, goers = chosen[self.arrival_of], chosen[self.goer_of]
        return Contents(
            self.host[chosen],
            place[self.arrival_of[arrivals]],
            self.kind[arrivals],
            self.number[arrivals],
            place[self.goer_of[goers]],
            self.goer[goers],
            self.stopped[goers],
        )


def join(parts: list[Contents]) -> Contents:
    """All contents of all parts, one after the other."""
    before = np.cumsum([0, *(len(part.host) for part in parts)])
    return Contents(
        np.concatenate([part.host for part in parts]),
        np.concatenate([part.arrival_of + n for part, n in zip(parts, before, strict=False)]),
        np.concatenate([part.kind for part in parts]),
        np.concatenate([part.number for part in parts]),
        np.concatenate([part.goer_of + n for part, n in zip(parts, before, strict=False)]),
        np.concatenate([part.goer for part in parts]),
        np.concatenate([part.stopped for part in parts]),
    )


@dataclass(frozen=True, slots=True)
class Valuation:
    """The best contents at some `prices` [P], one per host, and the bound that these prove."""

    prices: Floats
    bound: float
    """Exact, in units of the loss."""
    contents: Contents


class Valuer:
    """Values the hosts of a market at any prices: per kind of guest, of a move, per limit, of room [T, R] in a row.

    Deterministic; for one thread at a time. `start` are the prices of the linear program, which prove at least as much
    here as there; `steps` is how much of each price is much, and above `tops` nothing changes.
    """

    def __init__(self, market: Market, prices: Prices) -> None:
        self.market = market
        self.packing: Packing = pack(market, prices)
        relaxation, goal, tier = market.relaxation, market.goal, market.relaxation.tier
        self.losses = np.stack([goal.loss, *(limit.loss for limit in market.limits)])[:, tier]
        """What a guest of each kind costs that waits, of the loss and of each limit [1 + L, K]."""
        stops = [goal.loss + goal.stop, *(limit.loss + limit.stop for limit in market.limits)]
        self.stops = np.stack(stops)[:, tier]
        """The same of one that is stopped."""
        room = prices.room / prices.scale
        arrival = np.where(relaxation.mask, (market.load * room[None]).sum(axis=2), np.inf).min(axis=1, initial=np.inf)
        limits = np.array(prices.limits, dtype=np.float64) / prices.scale
        # who fits nowhere is down, whatever it costs
        homeless = np.concatenate([[1.0], limits]) @ self.losses
        first = [np.where(np.isfinite(arrival), arrival, homeless), np.array([prices.move / prices.scale]), limits]
        first.append((room * self.packing.priced).ravel())
        guests = float(relaxation.waiting.sum() + len(relaxation.kind)) + 1.0
        weight = guests * (1.0 + float(self.stops[0].max(initial=0)) + float(np.max(first[0], initial=0.0)))
        self._scale = 1 << max(8, min(_SCALE_BITS, _SAFE_BITS - math.ceil(math.log2(weight))))
        self.start: Floats = np.concatenate(first)
        self.steps = self._steps()
        self.tops = self._tops()

    @property
    def split(self) -> tuple[int, int]:
        """Where the prices of limits and of room begin, after those of kinds and of a move."""
        kinds = len(self.market.relaxation.tier)
        return kinds + 1, kinds + 1 + len(self.market.limits)

    def _steps(self) -> Floats:
        """About the loss of one guest over what the price is of."""
        market = self.market
        share = (market.load / np.maximum(market.load.max(axis=(0, 1)), 1)).max(axis=(1, 2))
        loss = float(self.losses[0].max(initial=1))
        room = self.packing.priced / np.maximum(market.load.max(axis=0), 1)
        return np.concatenate(
            [loss * np.maximum(share, 1e-2), [loss], np.ones(len(market.limits)), (loss * room).ravel()]
        )

    def _tops(self) -> Floats:
        market, relaxation = self.market, self.market.relaxation
        top = np.full(len(self.steps), np.inf)
        if not market.limits:
            strong = relaxation.movable & ~(relaxation.evictable & market.may_stop[relaxation.kind])
            weak = market.may_wait.copy()
            weak[relaxation.kind[strong]] = False
            top[: len(weak)][weak] = self.losses[0][weak]
        if market.goal.moves is None:
            top[len(relaxation.tier)] = 0.0
        return top

    def value(self, wanted: Floats) -> Valuation:
        """The exact bound at these prices, and the contents that are best."""
        market, packing, relaxation = self.market, self.packing, self.market.relaxation
        kinds = len(relaxation.tier)
        prices = np.rint(np.clip(wanted, 0.0, self.tops) * self._scale).astype(np.int64)
        first, second = self.split
        arrival, move, limits = prices[:kinds], int(prices[kinds]), prices[first:second]
        room = prices[second:].reshape(market.room.shape)
        weights = np.concatenate([[self._scale], limits])
        waits = np.where(market.may_wait, weights @ self.losses, _NEVER)
        stops = np.where(packing.evictable, (weights @ self.stops)[packing.kind], _NEVER)
        held = market.load[packing.kind, packing.type] * room[packing.type]
        behind = (held * market.transient).sum(axis=1)
        leaves = np.where(packing.movable, arrival[packing.kind] + move * packing.counted + behind, _NEVER)
        gone = np.minimum(stops, leaves)
        forced = gone >= _NEVER
        gone[forced] = 0
        offered = market.load[packing.offer_kind, packing.offer_type] * room[packing.offer_type]
        reward = arrival[packing.offer_kind] - offered.sum(axis=1)
        filling = packing.fill(reward, gone - held.sum(axis=1), forced)
        total = int((relaxation.waiting * np.minimum(waits, arrival)).sum()) + int(gone.sum()) - filling.total
        total -= int((market.room * room).sum()) + move * (market.goal.moves or 0)
        total -= sum(limit.most * price for limit, price in zip(market.limits, limits.tolist(), strict=True))
        goer = np.flatnonzero(~filling.stays)
        order = np.argsort(filling.host, kind="stable")
        contents = Contents(
            host=np.arange(len(relaxation.room)),
            arrival_of=filling.host[order],
            kind=packing.offer_kind[filling.offer[order]],
            number=filling.number[order],
            goer_of=relaxation.host[packing.resident[goer]].astype(np.int64),
            goer=goer,
            stopped=stops[goer] <= leaves[goer],
        )
        return Valuation(prices / self._scale, total / self._scale, contents)
