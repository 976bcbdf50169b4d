"""Which tier a guest belongs to when several select it: only what a tier says it overrides decides."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import pairwise


class Precedence:
    """Which tiers override which, directly or through others; one in a circle overrides itself.

    `overrides` gives what each tier names itself. What a tier overrides is kept as the bits of a whole number,
    so that a chain of thousands costs no more than thousands.
    """

    def __init__(self, overrides: Mapping[str, Iterable[str]]) -> None:
        named = {name: tuple(others) for name, others in overrides.items()}
        every = dict.fromkeys([*named, *(name for others in named.values() for name in others)])
        self._bit = {name: 1 << number for number, name in enumerate(every)}
        self._below: dict[str, int] = {}
        for circle in _circles(named):
            bits = sum(self._bit[name] for name in circle)
            others = {other for name in circle for other in named.get(name, ())}
            below = bits if len(circle) > 1 or others & set(circle) else 0
            for other in others:
                below |= self._bit[other] | self._below.get(other, 0)
            self._below.update(dict.fromkeys(circle, below))

    def overrides(self, name: str, other: str) -> bool:
        """Whether the tier `name` overrides the tier `other`."""
        return bool(self._below.get(name, 0) & self._bit.get(other, 0))

    def below(self, name: str) -> int:
        """What the tier overrides, as bits: the n-th bit is the n-th tier that was given."""
        return self._below[name]

    def prevailing(self, names: Iterable[str]) -> str | None:
        """The one of the tiers that overrides all others of them; None if there is none."""
        rivals = set(names)
        bits = sum(self._bit[name] for name in rivals)
        return next((name for name in sorted(rivals) if not bits & ~(self._below[name] | self._bit[name])), None)

    def undecided(self, names: Iterable[str]) -> tuple[str, str] | None:
        """Two of the tiers of which neither overrides the other; None when one of them prevails.

        In the order of how many of the others they override each would override the next one otherwise, and the
        first one so all.
        """
        rivals = list(dict.fromkeys(names))
        if self.prevailing(rivals) is not None:
            return None
        bits = sum(self._bit[name] for name in rivals)
        rivals.sort(key=lambda name: -(self._below[name] & bits).bit_count())
        pairs = pairwise(rivals)
        return next((pair for pair in pairs if not self.overrides(*pair)), None)


def _circles(named: Mapping[str, tuple[str, ...]]) -> Iterator[list[str]]:
    """Tiers that override each other, most of them alone; what a tier overrides comes before it (Tarjan 1972)."""
    number: dict[str, int] = {}
    lowest: dict[str, int] = {}
    path: list[str] = []
    on_path: set[str] = set()
    for root in named:
        calls = [] if root in number else [(root, iter(named[root]))]
        while calls:
            name, others = calls[-1]
            if name not in number:
                number[name] = lowest[name] = len(number)
                path.append(name)
                on_path.add(name)
            for other in others:
                if other not in number:
                    calls.append((other, iter(named.get(other, ()))))
                    break
                if other in on_path:
                    lowest[name] = min(lowest[name], number[other])
            else:
                calls.pop()
                if calls:
                    above = calls[-1][0]
                    lowest[above] = min(lowest[above], lowest[name])
                if lowest[name] == number[name]:
                    circle = [path.pop()]
                    while circle[-1] != name:
                        circle.append(path.pop())
                    on_path.difference_update(circle)
                    yield circle
