"""The worklist: rounds in a fixed order that leave out those for whom nothing has changed."""

from __future__ import annotations

import random

from trimtab_solver.plan.ordering.worklist import Worklist


def test_everybody_has_a_turn_in_the_first_round_and_nobody_in_the_second() -> None:
    """The order is that of the guests as given, not that of their numbers."""
    worklist = Worklist([7, 3, 5])
    assert list(worklist.round()) == [7, 3, 5]
    assert list(worklist.round()) == []


def test_who_is_woken_behind_the_present_one_has_a_turn_in_the_same_round() -> None:
    """Who stands before it, or is it, waits for the next round; being woken twice changes nothing."""
    worklist = Worklist([0, 1, 2, 3])
    list(worklist.round())
    worklist.wake(2)
    seen = []
    for v in worklist.round():
        seen.append(v)
        if v == 2:
            for other in (3, 1, 2, 3):
                worklist.wake(other)
    assert seen == [2, 3]
    assert list(worklist.round()) == [1, 2]


def test_rounds_of_the_woken_are_rounds_of_all_without_those_that_fail_again() -> None:
    """Guests that need several others gone leave in the same order as when everybody is asked in every round."""
    for seed in range(300):
        chance = random.Random(seed)
        guests = list(range(12))
        chance.shuffle(guests)
        needs = {v: set(chance.sample(guests, chance.randint(0, 2))) - {v} for v in guests}
        plain: list[int] = []
        progress = True
        while progress:
            before = len(plain)
            for v in guests:
                if v not in plain and needs[v] <= set(plain):
                    plain.append(v)
            progress = len(plain) > before
        worklist, gone = Worklist(guests), list[int]()
        while True:
            before = len(gone)
            for v in worklist.round():
                if v not in gone and needs[v] <= set(gone):
                    gone.append(v)
                    for other in guests:
                        if v in needs[other]:
                            worklist.wake(other)
            if len(gone) == before:
                break
        assert gone == plain, seed
