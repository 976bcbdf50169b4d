"""Which of many rules may concern one guest: told from the texts that they want, without comparing each with each."""

from __future__ import annotations

from collections.abc import Sequence

from .inclusion import Literal, wanted_texts
from .worlds import World


class Overlaps:
    """Rules by number, each with the guests that it may concern as worlds.

    Two rules that want different texts for one variable share no guest. Others may.
    """

    def __init__(self, concerned: Sequence[Sequence[World]]) -> None:
        self._wanted = [tuple(wanted_texts(worlds)) for worlds in concerned]
        self._wanting: dict[tuple[str, str | None], int] = {}
        """By variable and key, the rules that want one of a few texts for it, as bits."""
        self._under: dict[Literal, int] = {}
        """The rules that want a text, as bits."""
        self._some = sum(1 << number for number, worlds in enumerate(concerned) if worlds)
        for number, wanted in enumerate(self._wanted):
            for literals in wanted:
                for literal in literals:
                    self._wanting[literal[:2]] = self._wanting.get(literal[:2], 0) | 1 << number
                    self._under[literal] = self._under.get(literal, 0) | 1 << number

    def after(self, number: int) -> list[int]:
        """The rules of higher numbers that may concern a guest that this one concerns, ascending."""
        near = self._some >> (number + 1) << (number + 1) if self._some >> number & 1 else 0
        for literals in self._wanted[number]:
            same = 0
            for literal in literals:
                same |= self._under[literal]
            variable = next(iter(literals))[:2]
            near &= ~(self._wanting[variable] & ~same)
        return [n for n in range(number + 1, near.bit_length()) if near >> n & 1]
