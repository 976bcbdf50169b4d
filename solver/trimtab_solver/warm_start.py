"""Where an earlier plan left the guests, as far as that is still possible."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from .primitives.encoding import Index
from .problem import NOWHERE, Problem

_NAMED = 3


@dataclass(frozen=True, slots=True)
class WarmStart:
    """A placement [V] to begin a search from, and notes on what had to be left out.

    Every guest is where it may end up; room and rules about groups are for the search to mend.
    """

    place: Index
    notes: tuple[str, ...]


def read_warm_start(problem: Problem, places: Mapping[str, str]) -> WarmStart:
    """The placement that `places` (guest id -> host id, empty for down) makes of the present one.

    Left out are guests and hosts that the problem does not know, and places where a guest may not be any more.
    """
    guests = {vm_id: v for v, vm_id in enumerate(problem.vm_ids)}
    hosts = {host_id: h for h, host_id in enumerate(problem.host_ids)}
    place = problem.current.copy()
    unknown, homeless, refused = [], [], []
    for vm_id, host_id in places.items():
        v = guests.get(vm_id)
        if v is None:
            unknown.append(vm_id)
        elif host_id and host_id not in hosts:
            homeless.append(vm_id)
        elif host_id and problem.possible_hosts(v)[hosts[host_id]]:
            place[v] = hosts[host_id]
        elif not host_id and (not problem.running[v] or problem.evictable[v]):
            place[v] = NOWHERE
        else:
            refused.append(vm_id)
    found = (
        (unknown, "not among the guests wanted now"),
        (homeless, "on hosts that the snapshot does not know"),
        (refused, "not possible there any more"),
    )
    return WarmStart(place, tuple(f"warm start: left out {_names(vms)}: {why}" for vms, why in found if vms))


def _names(vm_ids: list[str]) -> str:
    named = ", ".join(sorted(vm_ids)[:_NAMED])
    more = len(vm_ids) - _NAMED
    return named + (f" and {more} more" if more > 0 else "")
