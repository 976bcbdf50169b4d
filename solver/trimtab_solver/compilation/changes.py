"""What differs between two snapshots of one cluster, and whether arrays can follow."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from operator import is_not
from typing import Final, TypeVar

import numpy as np

from ..failures import Event
from ..policy.variables import VARIABLES, ExpressionScope, identity
from ..primitives.encoding import Ints
from ..snapshot import Host, Snapshot, Vm
from ..topology import Topology

PartT = TypeVar("PartT", Host, Vm)

FOLLOWED: Final[dict[type[Host | Vm], frozenset[str]]] = {
    Host: frozenset(
        ("state", "fencing", "labels", "migration_slots", "migration_bandwidth_mbps", "boot_s"),
    ),
    Vm: frozenset(
        (
            "state",
            "host_id",
            "target_host_id",
            "home_host_id",
            "requested",
            "guaranteed",
            "allocated",
            "used",
            "labels",
            "tenant",
            "dirty_rate_mbps",
            "restart_s",
        )
    ),
}
"""Fields whose changes arrays can follow: states, places and sizes, and what nothing but expressions reads.

A change of any other field, and fields that are added to snapshots one day, mean that everything is compiled again.
"""

_FOLLOWED_OF_CLUSTER: Final = frozenset(("hosts", "vms", "hardware_failures"))
"""The same of the snapshot itself; failures are part of the event."""


@dataclass(frozen=True, slots=True)
class Changes:
    """Indices of hosts and guests in the snapshot that differ, and the variables with other values on any of them.

    What is added comes after the others: `new_hosts` and `new_guests`, with their indices; the `identity` of either is
    then among the variables. `obstacle` says why arrays cannot follow; empty when they can.
    """

    hosts: Ints
    guests: Ints
    new_hosts: tuple[Host, ...]
    new_guests: tuple[tuple[int, Vm], ...]
    variables: frozenset[str]
    obstacle: str = ""


def changes(old: Snapshot, new: Snapshot, event: Event, new_event: Event, resources: Collection[str]) -> Changes:
    """What differs; `event` and `new_event` are what the snapshots show, `resources` those that arrays have."""
    hosts, guests = _differing(old.hosts, new.hosts), _differing(old.vms, new.vms)
    new_hosts = new.hosts[len(old.hosts) :]
    new_guests = tuple(enumerate(new.vms[len(old.vms) :], len(old.vms)))
    obstacles = [*_obstacles(old, new, hosts, guests)]
    if not {r for _, vm in new_guests if vm.is_wanted for r in vm.requested}.issubset(resources):
        obstacles.append("a new guest requests another resource")
    obstacle = "; ".join(obstacles)
    if obstacle:
        return Changes(hosts, guests, new_hosts, new_guests, frozenset(), obstacle)
    topology = Topology(Snapshot(hosts=tuple(new.hosts[h] for h in hosts.tolist()), domains=new.domains))
    variables = {
        *_variables(ExpressionScope.HOST, [(old.hosts[h], new.hosts[h]) for h in hosts.tolist()], topology),
        *_variables(ExpressionScope.VM, [(old.vms[v], new.vms[v]) for v in guests.tolist()], topology),
        *_variables(ExpressionScope.EVENT, [(event, new_event)], topology),
        *([identity(ExpressionScope.HOST)] if new_hosts else ()),
        *([identity(ExpressionScope.VM)] if new_guests else ()),
    }
    return Changes(hosts, guests, new_hosts, new_guests, frozenset(variables))


def _differing(old: Sequence[PartT], new: Sequence[PartT]) -> Ints:
    # most parts are the very same objects; equal ones may be counted as different, which costs time only
    return np.flatnonzero(np.fromiter(map(is_not, old, new), dtype=np.bool_))


def _obstacles(old: Snapshot, new: Snapshot, hosts: Ints, guests: Ints) -> Iterator[str]:
    for field in fields(Snapshot):
        if field.name not in _FOLLOWED_OF_CLUSTER and getattr(old, field.name) != getattr(new, field.name):
            yield f"{field.name} of the cluster differs"
    for noun, olds, news, at in (("host", old.hosts, new.hosts, hosts), ("guest", old.vms, new.vms, guests)):
        if len(olds) > len(news):
            yield f"there are {len(news)} {noun}s instead of {len(olds)}"
        else:
            yield from _fixed_fields(noun, ((olds[i], news[i]) for i in at.tolist()))
    pairs = [(old.vms[v], new.vms[v]) for v in guests.tolist()]
    if any(one.is_wanted != other.is_wanted for one, other in pairs):
        yield "a guest is switched on or off"
    if any(one.requested.keys() != other.requested.keys() for one, other in pairs):
        yield "a guest requests other resources"


def _fixed_fields(noun: str, pairs: Iterable[tuple[Host | Vm, Host | Vm]]) -> Iterator[str]:
    """The fields in which some pair differs although arrays take them for granted."""
    found: set[str] = set()
    for old, new in pairs:
        followed = FOLLOWED[type(old)]
        found |= {
            field.name
            for field in fields(old)
            if field.name not in followed and getattr(old, field.name) != getattr(new, field.name)
        }
    if found:
        yield f"{', '.join(sorted(found))} of a {noun} differs"


def _variables(scope: ExpressionScope, pairs: Sequence[tuple[object, object]], topology: Topology) -> Iterator[str]:
    """The variables of the scope that have another value in some pair."""
    for name, variable in VARIABLES[scope].items():
        # the event's variables are seen from every scope
        if name.partition(".")[0] == scope.value and any(
            variable.read(old, topology) != variable.read(new, topology) for old, new in pairs
        ):
            yield name
