"""Precedence of tiers, held against walking what each overrides."""

from __future__ import annotations

import random

from trimtab_solver.policy.precedence import Precedence


def _below(overrides: dict[str, list[str]], name: str) -> set[str]:
    seen: set[str] = set()
    pending = list(overrides.get(name, ()))
    while pending:
        if (other := pending.pop()) not in seen:
            seen.add(other)
            pending += overrides.get(other, ())
    return seen


def test_overriding_is_what_can_be_walked() -> None:
    """Random tiers, with circles and names that are no tier: the same as walking from each."""
    for seed in range(60):
        draw = random.Random(seed)
        names = [f"t{i}" for i in range(8)]
        overrides = {name: draw.sample([*names, "lost"], draw.choice((0, 1, 1, 2))) for name in names}
        precedence = Precedence(overrides)
        for name in names:
            below = _below(overrides, name)
            assert {other for other in [*names, "lost"] if precedence.overrides(name, other)} == below


def test_one_of_the_rivals_prevails_or_two_are_undecided() -> None:
    """The one that overrides all others; without it two of which neither overrides the other."""
    for seed in range(60):
        draw = random.Random(seed)
        names = [f"t{i}" for i in range(8)]
        overrides = {name: draw.sample(names[:i], min(i, 2)) for i, name in enumerate(names)}
        precedence = Precedence(overrides)
        rivals = draw.sample(names, 4)
        best = [one for one in rivals if set(rivals) - {one} <= _below(overrides, one)]
        assert precedence.prevailing(rivals) == (best[0] if best else None)
        pair = precedence.undecided(rivals)
        assert (pair is None) == bool(best)
        if pair is not None:
            assert set(pair) <= set(rivals)
            assert not precedence.overrides(*pair)
            assert not precedence.overrides(*reversed(pair))


def test_a_chain_of_thousands_is_walked_at_once() -> None:
    """The first of a long chain overrides the last one, and prevails over all."""
    names = [f"t{i}" for i in range(5000)]
    precedence = Precedence({name: names[i + 1 : i + 2] for i, name in enumerate(names)})
    assert precedence.overrides(names[0], names[-1])
    assert not precedence.overrides(names[-1], names[0])
    assert precedence.prevailing(names) == names[0]
