"""Generates scenarios: every loss of so many parts of a cluster, or some drawn by how often parts fail."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations

from ..execution.parts import Parts, Within
from ..snapshot import Snapshot
from .scenario import Scenario


def losses(snapshot: Snapshot, kinds: Sequence[str], number: int) -> Iterator[Scenario]:
    """The loss of each `number` different parts of any of the kinds at once: N-1, N-2 and so on.

    Combinations in which one part lies within another are left out: they lose what the larger one does. `kinds` are
    kinds of failure domains, ``host`` or ``pool``; a cluster may have no part of some.
    """
    parts = Parts(snapshot)
    names = [name for kind in dict.fromkeys(kinds) for name in parts.of_kind(kind)]
    lost = {name: parts.within([name], "fail") for name in names}
    for some in combinations(names, number):
        if not any(_is_nested(lost[a], lost[b]) for a, b in combinations(some, 2)):
            yield loss(some)


def _is_nested(one: Within, other: Within) -> bool:
    """Whether one of the parts lies within the other."""
    less, more = sorted((one, other), key=lambda part: len(part.hosts) + len(part.pools))
    return less.hosts <= more.hosts and less.pools <= more.pools


def loss(parts: Sequence[str]) -> Scenario:
    """The loss of these parts at once."""
    return Scenario(name=f"{' and '.join(parts)} fail{'s' if len(parts) == 1 else ''}", fail=tuple(parts))


def random_losses(
    snapshot: Snapshot, kinds: Sequence[str], number: int, rates: Mapping[str, float], seed: int
) -> Iterator[Scenario]:
    """Losses of `number` parts at once, without end: parts drawn by their annual failure rates, each once.

    `rates` are by the name of a part or by its kind; parts that have none never fail.
    """
    parts = Parts(snapshot)
    names = [name for kind in dict.fromkeys(kinds) for name in parts.of_kind(kind)]
    weights = {name: rates.get(name, rates.get(name.partition(":")[0], 0.0)) for name in names}
    can_fail = [name for name in names if weights[name] > 0]
    chance = random.Random(seed)  # noqa: S311 - reproducible on purpose
    while len(can_fail) >= number:
        # the first of exponential times that are drawn fail: by their rates, and none twice
        times = {name: chance.expovariate(weights[name]) for name in can_fail}
        yield loss(sorted(sorted(can_fail, key=lambda name: times[name])[:number]))
