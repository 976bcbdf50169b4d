"""Balance: how evenly the final usage lies on the hosts. Everything here is a cost, nothing is a limit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from .capacity import Capacity
from .encoding import UNBOUNDED, Ints, Load, ModelWriter
from .sealing import seal

PER_MILLE = 1000

Loads = Mapping[tuple[int, int], Load]
"""What each host holds in the end, by host and resource."""
Part = tuple[int, int]
"""(variable, coefficient)."""


@dataclass(frozen=True, slots=True)
class AboveThreshold:
    """`weight` for each unit of `resource` a host uses above `threshold` [H] (in load units, as `Capacity.limit`).

    A unit is a load of ``factor[h, resource, 0]``; a part of one counts as a whole.
    """

    resource: int
    threshold: Ints
    weight: int

    def __post_init__(self) -> None:
        seal(self)

    def cost(self, capacity: Capacity, usage: Ints) -> int:
        """The cost of a `usage` [H, R]."""
        excess = np.maximum(usage[:, self.resource] - self.threshold, 0)
        return self.weight * int((-(-excess // capacity.factor[:, self.resource, 0])).sum())

    def encode(self, model: ModelWriter, capacity: Capacity, loads: Loads) -> Iterator[Part]:
        """Per host an integer that is at least the units above."""
        for h in range(len(self.threshold)):
            load, unit = loads[h, self.resource], int(capacity.factor[h, self.resource, 0])
            room = int(self.threshold[h]) - load.held
            most = -(-max(load.most - room, 0) // unit)
            if most:
                units = model.add_int(0, most)
                _post(model, [*load.terms, (units, -unit)], -UNBOUNDED, room)
                yield units, self.weight


@dataclass(frozen=True, slots=True)
class Ratio:
    """Each unit of `left` that is free on a host should come with `target` units of `right`; `weight` per unit lacking.

    Free is ``(limit - usage) // factor[h, r, 0]``, which is negative where a host holds more than its limit.
    """

    left: int
    right: int
    target: int
    weight: int

    def cost(self, capacity: Capacity, usage: Ints) -> int:
        """The cost of a `usage` [H, R]."""
        free = (capacity.limit - usage) // capacity.factor[:, :, 0]
        return self.weight * int(np.maximum(self.target * free[:, self.left] - free[:, self.right], 0).sum())

    def encode(self, model: ModelWriter, capacity: Capacity, loads: Loads) -> Iterator[Part]:
        """Per host an integer that is at least what is lacking, from free units rounded down exactly."""
        for h in range(len(capacity.limit)):
            (left, most_left), (right, least_right) = (
                self._free(model, capacity, loads, h, self.left, is_wanted=False),
                self._free(model, capacity, loads, h, self.right, is_wanted=True),
            )
            most = self.target * most_left - least_right
            if most > 0:
                lacking = model.add_int(0, most)
                _post(model, [(lacking, 1), (left, -self.target), (right, 1)], 0, UNBOUNDED)
                yield lacking, self.weight

    def _free(
        self, model: ModelWriter, capacity: Capacity, loads: Loads, h: int, r: int, *, is_wanted: bool
    ) -> tuple[int, int]:
        """A variable for the free units, which an optimum has as many (or as few) of as there are, and its far end."""
        load, unit = loads[h, r], int(capacity.factor[h, r, 0])
        room = int(capacity.limit[h, r]) - load.held
        least, most = (room - load.most) // unit, room // unit
        free = model.add_int(least, most)
        if is_wanted:
            _post(model, [(free, unit), *load.terms], -UNBOUNDED, room)
            return free, least
        _post(model, [(free, unit), *load.terms], room - unit + 1, UNBOUNDED)
        return free, most


@dataclass(frozen=True, slots=True)
class Peak:
    """`weight` for each per mille of its limit that the fullest host uses of `resource`, rounded down."""

    resource: int
    weight: int

    def cost(self, capacity: Capacity, usage: Ints) -> int:
        """The cost of a `usage` [H, R]; hosts without the resource do not count."""
        limit = capacity.limit[:, self.resource]
        has = limit > 0
        if not has.any():
            return 0
        return self.weight * int((PER_MILLE * usage[has, self.resource] // limit[has]).max())

    def encode(self, model: ModelWriter, capacity: Capacity, loads: Loads) -> Iterator[Part]:
        """One integer that is at least the share of every host."""
        limit = capacity.limit[:, self.resource]
        hosts = [(loads[h, self.resource], int(limit[h])) for h in np.flatnonzero(limit > 0).tolist()]
        most = max((PER_MILLE * (load.held + load.most) // room for load, room in hosts), default=0)
        if not most:
            return
        peak = model.add_int(0, most)
        for load, room in hosts:
            terms = [(variable, PER_MILLE * coefficient) for variable, coefficient in load.terms]
            _post(model, [*terms, (peak, -room)], -UNBOUNDED, room - 1 - PER_MILLE * load.held)
        yield peak, self.weight


@dataclass(frozen=True, slots=True)
class Imbalance:
    """The sum of all its parts."""

    above: tuple[AboveThreshold, ...] = ()
    ratios: tuple[Ratio, ...] = ()
    peaks: tuple[Peak, ...] = ()

    def cost(self, capacity: Capacity, usage: Ints) -> int:
        """The cost of a usage [H, R] when the plan is over (`Capacity.final_usage`)."""
        return sum(part.cost(capacity, usage) for part in self.parts)

    @property
    def parts(self) -> tuple[AboveThreshold | Ratio | Peak, ...]:
        """All of them."""
        return (*self.above, *self.ratios, *self.peaks)

    @property
    def resources(self) -> frozenset[int]:
        """The resources that matter."""
        above, peaks = {part.resource for part in self.above}, {part.resource for part in self.peaks}
        return frozenset(above.union(peaks, *({ratio.left, ratio.right} for ratio in self.ratios)))

    def encode(self, model: ModelWriter, capacity: Capacity, loads: Loads) -> tuple[Part, ...]:
        """The cost as a sum; ``loads[h, r]`` are there for every host and each of `resources`."""
        return tuple(part for kind in self.parts for part in kind.encode(model, capacity, loads))


def _post(model: ModelWriter, terms: list[Part], low: int, high: int) -> None:
    """``low <= sum(coefficient * variable) <= high``."""
    variables, coefficients = zip(*terms, strict=True)
    model.add_linear(variables, coefficients, low, high)
