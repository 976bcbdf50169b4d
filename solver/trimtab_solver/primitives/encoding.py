"""What a primitive needs from an exact engine: a model it can write to, and the placement variables.

Protocols only: primitives say what they mean in linear constraints, the engine owns the solver.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Index = npt.NDArray[np.int32]
Bools = npt.NDArray[np.bool_]
Amounts = npt.NDArray[np.int32] | Ints
"""As narrow as the largest of them permits."""


class ModelWriter(Protocol):
    """A growing integer program. Variables are ints; a negated Boolean is ``-var - 1``."""

    def add_bool(self) -> int:
        """A new Boolean variable."""
        ...

    def add_int(self, low: int, high: int) -> int:
        """A new integer variable in ``[low, high]``."""
        ...

    def add_linear(self, variables: Sequence[int], coefficients: Sequence[int], low: int, high: int) -> None:
        """``low <= sum(coefficient * variable) <= high``; `UNBOUNDED` leaves a side open."""
        ...

    def add_at_most_one(self, literals: Sequence[int]) -> None:
        """At most one of the literals holds."""
        ...

    def add_clause(self, literals: Sequence[int]) -> None:
        """At least one of the literals holds."""
        ...


UNBOUNDED = 2**62
"""A side of a linear constraint that does not bind (negated for the lower side)."""


@dataclass(frozen=True, slots=True)
class PlacementVariables:
    """One Boolean per guest and host it may run on: guest v on ``host[i]`` is variable i, for i in start[v]:start[v+1].

    Shapes: `start` [V+1], `host` [n].
    """

    start: Ints
    host: Index

    def pairs(self, members: Index) -> Ints:
        """The variables of all `members`, concatenated in member order."""
        if len(members) == 0:
            return np.zeros(0, dtype=np.int64)
        return np.concatenate([np.arange(self.start[v], self.start[v + 1]) for v in members])

    def by_domain(self, members: Index, domain: Index) -> list[tuple[int, list[int]]]:
        """``(domain, variables of members on its hosts)`` for every domain that some member may enter."""
        pairs = self.pairs(members)
        if len(pairs) == 0:
            return []
        of_pair = domain[self.host[pairs]]
        order = np.argsort(of_pair, kind="stable")
        found, first = np.unique(of_pair[order], return_index=True)
        parts = np.split(pairs[order], first[1:])
        return [(int(d), part.tolist()) for d, part in zip(found, parts, strict=True)]


@dataclass(frozen=True, slots=True)
class Load:
    """What a host holds of a resource when the plan is over: ``held + sum(coefficient * variable)``, at least `held`.

    `terms` may still grow by negative ones (what guests give up), so ``held + most`` bounds it from above.
    """

    terms: list[tuple[int, int]]
    held: int
    most: int


@dataclass(slots=True)
class Breaches:
    """Objective terms that primitives add: variables that count breaches, with what one unit weighs."""

    inherited: list[tuple[int, int]]
    should: list[tuple[int, int]]

    def add(self, must: bool, variable: int, weight: int) -> None:
        """Counts `variable` at the level its rule belongs to."""
        (self.inherited if must else self.should).append((variable, 1 if must else weight))
