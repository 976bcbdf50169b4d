"""Allowed: the hosts on which a guest may arrive, and what it costs to be elsewhere."""

from __future__ import annotations

from dataclasses import dataclass

from .encoding import Amounts, Bools, Index
from .sealing import seal


@dataclass(frozen=True, slots=True)
class HostRule:
    """One unary rule as the policy states it: `guests` should, or must, run on the hosts of `mask` [H]."""

    rule: str
    must: bool
    weight: int
    guests: Index
    mask: Bools

    def __post_init__(self) -> None:
        seal(self)

    def serves(self, h: int) -> bool:
        """Whether a guest on the host keeps the rule."""
        return bool(self.mask[h])


@dataclass(frozen=True, slots=True)
class Allowed:
    """Unary rules that must hold or name many hosts, and the suitability of hosts, per class of guests treated alike.

    Shapes: `class_of` [V], `mask` [C, H] (a guest may arrive), `breach` [C, H] (must rules a guest on the host breaks),
    `penalty` [C, H] (weight of the should rules it breaks).
    """

    class_of: Index
    mask: Bools
    breach: Index
    penalty: Amounts
    rules: tuple[HostRule, ...]
    class_rules: tuple[tuple[int, ...], ...]
    """Per class, the rules that select it (kept for explanations)."""

    def __post_init__(self) -> None:
        seal(self)

    def rules_of(self, v: int) -> list[HostRule]:
        """The unary rules that select a guest."""
        return [self.rules[i] for i in self.class_rules[self.class_of[v]]]
