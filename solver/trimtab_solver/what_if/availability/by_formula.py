"""Expected downtime in closed form: all sets of a few failed parts, each in every order.

Parts fail and are repaired independently, by exponential times where order and rates matter. Of a set that has failed,
the last one to fail is a part with the chance of its repair rate among all of them, and so on back: ages are then
exponential with the repair rates.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations, permutations
from math import comb, factorial

import numpy as np

from .assessed_impacts import AssessedImpacts, Order
from .downtime import ExpectedDowntime, Shares, expected_downtime, whole_share
from .failing_parts import FailingPart, by_name, without_nested


def orders_needed(parts: Sequence[FailingPart], depth: int) -> int:
    """How many orders of failures there are, at most."""
    return sum(comb(len(parts), size) * factorial(size) for size in range(depth + 1))


def downtime_by_formula(
    parts: Sequence[FailingPart], impacts: AssessedImpacts, maintenance: Shares, depth: int
) -> ExpectedDowntime:
    """The shares of time in which services are down, with at most `depth` of the parts failed at once.

    Parts that never fail are to be left out. What more failures at once leave open is the width of the interval.
    """
    known = by_name(parts)
    orders = [order for size in range(depth + 1) for order in permutations(known, size)]
    impacts.fill(without_nested(order, known) for order in orders)
    failure, shortage = np.zeros(len(maintenance)), np.zeros(len(maintenance))
    covered = 0.0
    for size in range(depth + 1):
        for failed in combinations(known, size):
            share = _share(failed, known)
            covered += share
            for order in permutations(failed):
                chance = share * _chance(order, known)
                for weight, lasting, short in _terms(order, known, impacts, further=size < depth):
                    shortage += chance * weight * short
                    failure += chance * weight * (lasting - short)
    total = failure + shortage
    return expected_downtime(failure, shortage, maintenance, total, total + max(0.0, 1 - covered))


def _terms(
    order: Order, parts: Mapping[str, FailingPart], impacts: AssessedImpacts, *, further: bool
) -> Iterator[tuple[float, Shares, Shares]]:
    """What happens while these have failed: how often, how long services are down then, and what of it is shortage."""
    now = impacts.of(without_nested(order, parts))
    down = now.is_down.astype(np.float64)
    yield 1.0, down, down * now.is_short
    for name in order:
        after = impacts.of(without_nested((part for part in order if part != name), parts))
        lasting = np.where(now.is_down & ~after.is_down, now.back_s, 0.0)
        yield 1 / parts[name].reliability.mttr_s, lasting, lasting * now.is_short
    if not further:
        return
    for name, part in parts.items():
        if name not in order:
            then = without_nested((*order, name), parts)
            if then == without_nested(order, parts):
                continue  # it had failed with others before
            after = impacts.of(then)
            serves = ~after.is_down
            yield part.reliability.rate, after.out_s * serves, after.short_s * serves


def _share(failed: Order, parts: Mapping[str, FailingPart]) -> float:
    """The share of time in which just these have failed."""
    never = [part for name, part in parts.items() if name not in failed]
    return float(np.prod([parts[name].reliability.unavailability for name in failed])) * whole_share(never)


def _chance(order: Order, parts: Mapping[str, FailingPart]) -> float:
    """How often these failed in this order, when they have all failed."""
    rates = [1 / parts[name].reliability.mttr_s for name in order]
    return float(np.prod([rate / sum(rates[: n + 1]) for n, rate in enumerate(rates)]))
