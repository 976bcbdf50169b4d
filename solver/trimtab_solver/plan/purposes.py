"""For whom each step makes room, and in which phase of the plan that puts it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice

from ..actions import Phase
from ..problem import NOWHERE
from .steps import NO_VM, Step

_NAMED = 3


@dataclass(frozen=True, slots=True)
class Served:
    """The guests that arrive later where a step frees room: how many, and the `first` few of them."""

    count: int = 0
    first: tuple[int, ...] = ()
    is_restored: bool = False
    """Whether one of them arrives for more than the sake of balance."""


@dataclass(frozen=True, slots=True)
class Purpose:
    """What a step is for."""

    phase: Phase
    served: Served


def find_purposes(steps: Sequence[Step]) -> list[Purpose]:
    """Per step."""
    interrupted = {step.v for step in steps if step.kind.departs}
    arrivals: defaultdict[int, _Arrivals] = defaultdict(_Arrivals)
    purposes = list[Purpose]()
    for step in reversed(steps):
        served = arrivals[step.departure_host].served_by(step.v) if step.departure_host != NOWHERE else Served()
        if step.v == NO_VM or (step.kind.arrives and step.v not in interrupted):
            phase = Phase.RESTORE
        else:
            phase = Phase.RECLAIM if served.is_restored else Phase.REBALANCE
        purposes.append(Purpose(phase, served))
        if step.enters != NOWHERE:
            arrivals[step.enters].add(step.v, phase)
    return purposes[::-1]


class _Arrivals:
    """Who arrives on a host later in the list."""

    def __init__(self) -> None:
        self._guests: dict[int, None] = {}
        """The next one last."""
        self._restored: set[int] = set()

    def add(self, v: int, phase: Phase) -> None:
        """The guest arrives before all others."""
        self._guests.pop(v, None)
        self._guests[v] = None
        if phase is not Phase.REBALANCE:
            self._restored.add(v)

    def served_by(self, v: int) -> Served:
        """Those but the guest itself."""
        others = (u for u in reversed(self._guests) if u != v)
        return Served(
            len(self._guests) - (v in self._guests),
            tuple(islice(others, _NAMED)),
            bool(len(self._restored) - (v in self._restored)),
        )
