"""What outages of guests are to the applications that they serve."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...snapshot import Vm
from ..verdicts import Basis
from .applications import Need, ServiceNeeds
from .outages import Cause, Outages

_Spans = list[tuple[float, float]]


@dataclass(frozen=True, slots=True, eq=False)
class Impact:
    """What a scenario does to each service: an application by one criterion. All arrays are [services].

    `out_s` is how many seconds it is out of service before it serves for good, or not for good; `short_s` is what of
    that is shortage. `is_down`: in the end it does not serve; `is_short`: for shortage alone. `at_once`: it is out of
    service the moment the scenario happens. `data_lost`: the data of too many guests is gone. `back_s`: where it is
    down, how long the restart of enough guests takes.
    """

    scenario: str
    basis: Basis
    out_s: NDArray[np.float64]
    short_s: NDArray[np.float64]
    is_down: NDArray[np.bool_]
    is_short: NDArray[np.bool_]
    at_once: NDArray[np.bool_]
    data_lost: NDArray[np.bool_]
    back_s: NDArray[np.float64]

    @property
    def interruption_s(self) -> NDArray[np.float64]:
        """Seconds out of service by this plan; infinite where it does not serve in the end."""
        return np.where(self.is_down, math.inf, self.out_s)


class Impacts:
    """Services, and which of them a guest can harm."""

    def __init__(self, services: Sequence[ServiceNeeds], vms: Mapping[str, Vm]) -> None:
        self._services, self._vms = services, vms
        self._harmed_by: dict[str, list[int]] = {}
        for k, service in enumerate(services):
            for vm_id in {vm_id for need in service.needs for vm_id in need.members}:
                self._harmed_by.setdefault(vm_id, []).append(k)
        self._never = [k for k, service in enumerate(services) if any(need.spare < 0 for need in service.needs)]

    def __len__(self) -> int:
        return len(self._services)

    def of(self, scenario: str, basis: Basis, outages: Outages, without_data: Collection[str]) -> Impact:
        """What these outages are, by services."""
        impact = self._nothing(scenario, basis)
        for k in self._touched(outages):
            needs = self._services[k].needs
            spans = _joined(span for need in needs for span in _unmet(need, outages))
            eased = _joined(span for need in needs for span in _unmet(need, outages, Cause.FAILURE))
            seconds, is_down = _length(spans)
            unavoidable, remains = _length(eased)
            impact.out_s[k], impact.is_down[k] = seconds, is_down
            impact.short_s[k] = max(0.0, seconds - unavoidable)
            impact.is_short[k] = is_down and not remains
            impact.at_once[k] = any(start == 0 for start, _ in spans)
            if is_down:
                impact.back_s[k] = max(self._back_s(need, outages) for need in needs)
        for k in self._touched(without_data):
            needs = self._services[k].needs
            impact.data_lost[k] = any(sum(vm in without_data for vm in need.members) > need.spare for need in needs)
        return impact

    def lost(self, scenario: str, basis: Basis) -> Impact:
        """The scenario takes down everybody for good: nothing is known of what comes of it."""
        impact = self._nothing(scenario, basis)
        impact.is_down[:] = True
        return impact

    def _nothing(self, scenario: str, basis: Basis) -> Impact:
        seconds = np.zeros((3, len(self._services)))
        facts = np.zeros((4, len(self._services)), dtype=np.bool_)
        is_down, is_short, at_once, data_lost = facts
        impact = Impact(scenario, basis, seconds[0], seconds[1], is_down, is_short, at_once, data_lost, seconds[2])
        impact.is_down[self._never] = impact.at_once[self._never] = True
        return impact

    def _touched(self, guests: Iterable[str]) -> list[int]:
        return sorted({k for vm_id in guests for k in self._harmed_by.get(vm_id, ())})

    def _back_s(self, need: Need, outages: Outages) -> float:
        """How long it takes to restart as many of those that are down in the end as are missing."""
        down = [vm for vm in need.members if vm in outages and math.isinf(outages[vm][-1].end)]
        missing = len(down) - need.spare
        times = sorted(max(1, self._vms[vm].restart_s) for vm in down)
        return float(times[min(missing, len(times)) - 1]) if missing > 0 and times else 0.0


def _unmet(need: Need, outages: Outages, only: Cause | None = None) -> Iterator[tuple[float, float]]:
    """The spans of time in which fewer run than needed, counting all outages or those of one cause."""
    changes: list[tuple[float, int]] = []
    for vm_id in need.members:
        for outage in outages.get(vm_id, ()):
            if only is None or outage.cause is only:
                changes += ((outage.start, 1), (outage.end, -1))
    down, since = 0, 0.0
    if need.spare < 0:
        yield 0.0, math.inf
        return
    # who comes back and who goes down at one moment: first back, then down; no time passes in between
    for at, change in sorted(changes):
        was_unmet, down = down > need.spare, down + change
        if not was_unmet and down > need.spare:
            since = at
        elif was_unmet and down <= need.spare:
            yield since, at


def _joined(spans: Iterable[tuple[float, float]]) -> _Spans:
    """The same time, each moment once."""
    found: _Spans = []
    for start, end in sorted(spans):
        if start >= end:
            continue
        if found and start <= found[-1][1]:
            found[-1] = found[-1][0], max(end, found[-1][1])
        else:
            found.append((start, end))
    return found


def _length(spans: _Spans) -> tuple[float, bool]:
    """Seconds in all spans that end, and whether one does not."""
    seconds = sum(end - start for start, end in spans if not math.isinf(end))
    return seconds, any(math.isinf(end) for _, end in spans)
