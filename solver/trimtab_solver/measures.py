"""What is measured of a target, by name: one enum, and a record with one value for each that every engine fills in.

Who forgets a measure fails to type-check: a record has no defaults, and whoever tells measures apart ends with
`assert_never`.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Generic, NamedTuple, TypeVar, assert_never

Value = TypeVar("Value")


class Measure(enum.StrEnum):
    """What smaller is better of, in the order in which the levels come when no policy says otherwise."""

    RUNNING = "running"
    """The values of wanted guests that do not run: a family, with one measure per rank."""
    INHERITED = "inherited"
    STOPS = "stops"
    SHRINKAGE = "shrinkage"
    SHOULD = "should"
    DISRUPTION = "disruption"
    BALANCE = "balance"


class Key(NamedTuple):
    """One measure; of the family `Measure.RUNNING` that of one `rank`, else None."""

    measure: Measure
    rank: int | None = None


@dataclass(frozen=True, slots=True)
class PerMeasure(Generic[Value]):
    """One value for each measure; `running` by rank, highest first."""

    running: Mapping[int, Value]
    inherited: Value
    stops: Value
    shrinkage: Value
    should: Value
    disruption: Value
    balance: Value

    def __getitem__(self, key: Key) -> Value:
        """The value of one measure."""
        match key.measure:
            case Measure.RUNNING:
                assert key.rank is not None, "running is measured per rank"
                return self.running[key.rank]
            case Measure.INHERITED:
                return self.inherited
            case Measure.STOPS:
                return self.stops
            case Measure.SHRINKAGE:
                return self.shrinkage
            case Measure.SHOULD:
                return self.should
            case Measure.DISRUPTION:
                return self.disruption
            case Measure.BALANCE:
                return self.balance
            case _:
                assert_never(key.measure)


def keys_of(ranks: Iterable[int]) -> tuple[Key, ...]:
    """All measures for guests of these ranks, in the order of `Measure`."""
    others = (Key(measure) for measure in Measure if measure is not Measure.RUNNING)
    return (*(Key(Measure.RUNNING, rank) for rank in ranks), *others)


def per_measure(ranks: Iterable[int], value: Callable[[Key], Value]) -> PerMeasure[Value]:
    """What `value` says of each measure."""
    return PerMeasure(
        running={rank: value(Key(Measure.RUNNING, rank)) for rank in ranks},
        inherited=value(Key(Measure.INHERITED)),
        stops=value(Key(Measure.STOPS)),
        shrinkage=value(Key(Measure.SHRINKAGE)),
        should=value(Key(Measure.SHOULD)),
        disruption=value(Key(Measure.DISRUPTION)),
        balance=value(Key(Measure.BALANCE)),
    )
