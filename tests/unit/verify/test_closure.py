"""The heaviest closed set, next to trying all of them."""

from __future__ import annotations

import random
from itertools import combinations

import pytest

from trimtab_solver.verify.closure import heaviest_closed_set


def _worth(chosen: tuple[tuple[int, int], ...], costs: dict[int, int]) -> int:
    needed = 0
    for _, needs in chosen:
        needed |= needs
    return sum(amount for amount, _ in chosen) - sum(cost for bit, cost in costs.items() if needed >> bit & 1)


def _enumerated(gains: list[tuple[int, int]], costs: dict[int, int]) -> int:
    sets = (chosen for count in range(len(gains) + 1) for chosen in combinations(gains, count))
    return max(_worth(chosen, costs) for chosen in sets)


def test_nothing_is_worth_nothing() -> None:
    """Without gains, and where every gain costs more than it is worth."""
    assert heaviest_closed_set([], {3: 1}) == (0, 0)
    assert heaviest_closed_set([(1, 0b11)], {0: 1, 1: 1}) == (0, 0)


def test_gains_share_what_they_need() -> None:
    """Neither pays for both costs alone, together they do."""
    assert heaviest_closed_set([(2, 0b011), (2, 0b111)], {0: 1, 1: 2, 2: 9}) == (0, 0)
    assert heaviest_closed_set([(2, 0b011), (2, 0b011)], {0: 1, 1: 2}) == (1, 0b011)


def test_flow_is_sent_elsewhere_when_it_stands_in_the_way() -> None:
    """The first gain could take the cost that is the only one of the second."""
    assert heaviest_closed_set([(1, 0b01), (1, 0b11), (1, 0b10)], {0: 1, 1: 1}) == (1, 0b11)
    assert heaviest_closed_set([(1, 0b011), (1, 0b101), (1, 0b010)], {0: 1, 1: 1, 2: 1}) == (0, 0)


@pytest.mark.parametrize("most", [1, 3])
def test_it_is_what_enumeration_finds(most: int) -> None:
    """On random gains and costs, of one unit and of several; the set found has the worth that is told."""
    positive = 0
    for seed in range(1500):
        chance = random.Random(seed)
        costs = {bit: chance.randint(1, most) for bit in chance.sample(range(20), chance.randint(0, 7))}
        share = chance.random()
        gains = [
            (chance.randint(1, most), sum(1 << bit for bit in costs if chance.random() < share))
            for _ in range(chance.randint(0, 8))
        ]
        worth, needed = heaviest_closed_set(gains, costs)
        assert worth == _enumerated(gains, costs), seed
        chosen = tuple(gain for gain in gains if not gain[1] & ~needed)
        assert _worth(chosen, costs) == worth, seed
        positive += 0 < worth < sum(amount for amount, _ in gains)
    assert positive > 200, positive
