"""Which of many selectors pick only what another one picks as well: proven, without comparing each with each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from ..policy.documents import Selector
from ..policy.variables import VARIABLES, ExpressionScope, Shape
from .step_limit import StepLimit
from .worlds import OTHER, World, worlds_of

Literal = tuple[str, str | None, str | None]
"""A variable, the key of a map, and a value; None where the key is missing."""

_STEPS_PER_PAIR: Final = 20
"""What it takes to find the worlds of two selectors, beside trying them."""
_TEXTS: Final = frozenset({Shape.STRING, Shape.STRING_MAP})


@dataclass(frozen=True, slots=True)
class Inclusion:
    """A selector that picks all that another one picks; `is_equal`: and nothing else."""

    number: int
    is_equal: bool


class Inclusions:
    """Selectors of guests by number.

    A guest that the narrow selector picks must be picked by the wide one. So a wide selector that wants one of a few
    texts for a variable is looked for under these texts only, and the narrow one asks under the texts of one guest that
    it picks. Selectors of which that cannot be told are compared with all.
    """

    def __init__(self, selectors: Sequence[Selector], steps: StepLimit) -> None:
        self._selectors = selectors
        self._steps = steps

    def around(self, number: int, besides: int = 0) -> Iterator[Inclusion]:
        """The selectors that pick all that this one picks, which is somebody, in their order.

        `besides` are the bits of selectors that are not asked about.
        """
        picked = self._picked[number]
        if not picked or self._steps.is_exceeded:
            return
        found = {literal for literal in _literals(picked[0]) if literal[2] != OTHER}
        near = self._open
        for literal in found:
            near |= self._under.get(literal, 0)
        near &= ~(besides | 1 << number)
        while near:
            other = (near & -near).bit_length() - 1
            near ^= 1 << other
            if not self._steps.take(_STEPS_PER_PAIR):
                return
            inclusion = self._proven(number, other)
            if inclusion is not None:
                yield inclusion

    def _proven(self, narrow: int, wide: int) -> Inclusion | None:
        selectors = self._selectors[narrow], self._selectors[wide]
        worlds = worlds_of(ExpressionScope.VM, selectors)
        if worlds is None or not self._steps.take(2 * len(worlds.all)):
            return None
        one, other = map(worlds.where, selectors)
        return Inclusion(wide, one == other) if one and one <= other else None

    @cached_property
    def _picked(self) -> list[tuple[World, ...]]:
        """Per selector the worlds that it picks; none when that is not known."""
        return [self._worlds(selector) for selector in self._selectors]

    def _worlds(self, selector: Selector) -> tuple[World, ...]:
        worlds = worlds_of(ExpressionScope.VM, [selector])
        if worlds is None or not self._steps.take(len(worlds.all)):
            return ()
        return tuple(worlds.all[n] for n in sorted(worlds.where(selector)))

    @cached_property
    def _wanted(self) -> list[list[frozenset[Literal]]]:
        """Per selector and variable of which it wants one of a few texts: these."""
        return [list(wanted_texts(picked)) for picked in self._picked]

    @cached_property
    def _under(self) -> dict[Literal, int]:
        """The selectors, as bits, by what they want: each by the variable whose texts are wanted by the fewest."""
        common = Counter(literal for wanted in self._wanted for literals in wanted for literal in literals)
        under: dict[Literal, int] = {}
        for number, wanted in enumerate(self._wanted):
            if wanted:
                rarest = min(
                    wanted, key=lambda literals: (sum(common[one] for one in literals), sorted(map(str, literals)))
                )
                for literal in rarest:
                    under[literal] = under.get(literal, 0) | 1 << number
        return under

    @cached_property
    def _open(self) -> int:
        """The selectors that want no text, as bits."""
        return sum(1 << n for n, wanted in enumerate(self._wanted) if self._picked[n] and not wanted)


def _literals(world: World) -> Iterator[Literal]:
    """What a guest of the world has, as far as it is text."""
    for name, value in world.items():
        if VARIABLES[ExpressionScope.VM][name].shape not in _TEXTS:
            continue
        if isinstance(value, dict):
            yield from ((name, key, text) for key, text in value.items())
        else:
            yield (name, None, value)


def wanted_texts(worlds: Sequence[World]) -> Iterator[frozenset[Literal]]:
    """Of each text that all guests of these worlds have: what it may be, where it may not be just anything."""
    each = [set(_literals(world)) for world in worlds]
    texts = set.intersection(*({literal[:2] for literal in literals} for literals in each)) if each else set()
    for text in sorted(texts, key=str):
        found = frozenset(literal for literals in each for literal in literals if literal[:2] == text)
        if all(literal[2] != OTHER for literal in found):
            yield found
