"""Judges Balance: what the final loads of the hosts cost."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ..rules.balance import Above, Balance, FreeRatio, PeakLoad
from ..snapshot import Host
from .case import Case
from .room import UNIT, Rooms


def balance(case: Case, place: Mapping[str, str], sizes: Mapping[str, Mapping[str, int]]) -> int:
    """The costs of all documents in force, when the plan is over: nobody keeps anything on a former host any more."""
    documents = list(case.selection.policy.of(Balance))
    if not documents:
        return 0
    rooms = case.rooms_when_over(place, sizes)
    total = 0
    for _, spec in documents:
        total += sum(_above(part, rooms) for part in spec.above)
        total += sum(_ratio(part, rooms) for part in spec.ratios)
        total += sum(_peak(part, rooms) for part in spec.peaks)
    return total


def _above(part: Above, rooms: Rooms) -> int:
    return part.weight * sum(units for _, units in loads_above(part, rooms))


def loads_above(part: Above, rooms: Rooms) -> Iterator[tuple[Host, int]]:
    """Every host above the threshold, with its load beyond it in units of the resource, rounded up."""
    for host, loads in rooms.by_host():
        # in hundredths of what `Rooms` counts in, so that the percentage needs no rounding
        excess = 100 * loads.get(part.resource, 0) - part.percent * rooms.room(host.id, part.resource)
        if excess > 0:
            yield host, -(-excess // (100 * UNIT))


def _ratio(part: FreeRatio, rooms: Rooms) -> int:
    lacking = 0
    for host, loads in rooms.by_host():
        left = (rooms.room(host.id, part.left) - loads.get(part.left, 0)) // UNIT
        right = (rooms.room(host.id, part.right) - loads.get(part.right, 0)) // UNIT
        lacking += max(0, part.target * left - right)
    return part.weight * lacking


def _peak(part: PeakLoad, rooms: Rooms) -> int:
    peak = 0
    for host, loads in rooms.by_host():
        if (most := rooms.room(host.id, part.resource)) > 0:
            peak = max(peak, 1000 * loads.get(part.resource, 0) // most)
    return part.weight * peak
