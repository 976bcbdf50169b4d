"""What steps of a plan do to a rule that relates guests: sums that grow and shrink, keys that are raised and lowered.

Each step is made of events (docs/concepts.md, "Plans: every prefix is safe, every order is safe").
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

ABSENT = -1
"""In place of a failure domain: the guest does not run."""
FEW_DOMAINS = 16
"""Up to so many domains a rule may look at each pair of them, or at all of them in each event."""


@dataclass(frozen=True, slots=True)
class Transit:
    """An event of step `step`: guest `v` leaves the domain `left` and enters `entered` at once; one may be `ABSENT`."""

    step: int
    v: int
    left: int
    entered: int

    @property
    def growth(self) -> int:
        """By how many the running guests become more."""
        return (self.entered != ABSENT) - (self.left != ABSENT)


@dataclass(frozen=True, slots=True)
class CountedKey:
    """Of a counted key, how much larger its sum may get than at the start, `free`, and what each event adds to it.

    `changes` are pairs of step and amount in list order, an amount below zero for what makes the sum smaller.
    """

    free: int
    changes: Sequence[tuple[int, int]]

    @property
    def is_safe(self) -> bool:
        """Whether no step need wait: all of it may be added and nothing taken, or nothing is ever taken."""
        amounts = [amount for _, amount in self.changes]
        return min(amounts, default=0) >= 0 or sum(amount for amount in amounts if amount > 0) <= self.free


@dataclass(frozen=True, slots=True)
class DirectedEvent:
    """An event of step `step`: `raises` and `lowers` say in which directions the amount of a directed key can go."""

    step: int
    raises: bool
    lowers: bool


@dataclass(frozen=True, slots=True)
class DirectedKey:
    """A directed key, no sum: its effects in list order. What raises must wait for all that lowers before it."""

    effects: Sequence[DirectedEvent]

    @property
    def is_safe(self) -> bool:
        """Whether nothing that raises comes after something that lowers."""
        lowers = next((i for i, effect in enumerate(self.effects) if effect.lowers), len(self.effects))
        return not any(effect.raises for effect in self.effects[lowers:])


def directed(effects: Iterable[tuple[int, bool, bool]]) -> DirectedKey:
    """The key with these steps, and whether each raises and lowers it; those that do neither are left out."""
    return DirectedKey([DirectedEvent(*effect) for effect in effects if effect[1] or effect[2]])


Key = CountedKey | DirectedKey
"""What must not get worse while steps are carried out."""


def somebody_leaves(transits: Iterable[Transit]) -> bool:
    """Whether any member leaves a domain: else no limit on members can be kept by waiting."""
    return any(transit.left != ABSENT for transit in transits)


def count_by_domain(transits: Iterable[Transit]) -> Mapping[int, list[tuple[Transit, int]]]:
    """The events per domain that somebody enters (1) or leaves (-1), in list order."""
    found: defaultdict[int, list[tuple[Transit, int]]] = defaultdict(list)
    for transit in transits:
        if transit.left != ABSENT:
            found[transit.left].append((transit, -1))
        if transit.entered != ABSENT:
            found[transit.entered].append((transit, 1))
    return found


def without_outages(transits: Sequence[Transit], but_of: Collection[int] = ()) -> list[Transit]:
    """All but both events of each cold migration that ends in the domain where it began; those `but_of` guests stay."""
    idle: set[int] = set()
    for i, (stop, start) in enumerate(itertools.pairwise(transits)):
        is_outage = stop.step == start.step and stop.entered == start.left == ABSENT and stop.left == start.entered
        if is_outage and stop.v not in but_of:
            idle |= {i, i + 1}
    return [transit for i, transit in enumerate(transits) if i not in idle]


def greatest(changes: Iterable[int]) -> int:
    """The largest sum of the first so many changes, of none as well."""
    return max(itertools.accumulate(changes, initial=0))


def least(count: int, changes: Iterable[int]) -> int:
    """The smallest number on the way, from `count` on."""
    return min(itertools.accumulate(changes, initial=count))


def keys_of_sequence(stretches: Iterable[Sequence[int]]) -> Iterator[DirectedKey]:
    """Every step of a stretch waits for all steps of the stretch before it."""
    for earlier, later in itertools.pairwise(stretches):
        lowering = [DirectedEvent(step, raises=False, lowers=True) for step in earlier]
        yield DirectedKey([*lowering, *(DirectedEvent(step, raises=True, lowers=False) for step in later)])
