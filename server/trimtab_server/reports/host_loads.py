"""How full hosts are before a plan and after it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field

from trimtab_solver.actions import Plan
from trimtab_solver.amounts import describe_amount, name_resource
from trimtab_solver.execution.carry_out import after_plan
from trimtab_solver.snapshot import Host, HostState, Snapshot, Vm, VmState
from trimtab_solver.verify.rights import size_now
from trimtab_solver.verify.room import UNIT, room

from .model import HeatMap, HeatMapHost, Tile

_MOST = 999
"""So many percent are told; a host without any room has more."""
_FIRST = ("memory_mib", "cpu_milli")
_STATES = {
    HostState.UP: "",
    HostState.DEGRADED: "degraded",
    HostState.DOWN: "down",
    HostState.DRAINING: "draining",
    HostState.MAINTENANCE: "maintenance",
    HostState.STANDBY: "spare",
}
_OFF = frozenset({HostState.DOWN, HostState.STANDBY})

Backed = Mapping[str, Collection[str]]
"""Guest -> the resources that are backed one to one by hardware for it; guests that are not named share all."""


@dataclass(slots=True)
class _Load:
    """What a host holds: guests, and units of each resource as docs/concepts.md ("Room") adds them up."""

    host: Host
    guests: int = 0
    units: dict[str, int] = field(default_factory=dict)

    def hold(self, vm: Vm, backed: Collection[str]) -> None:
        for name, amount in size_now(vm).items():
            factor = self.host.overcommit_percent.get(name, 100) if name in backed else 100
            self.units[name] = self.units.get(name, 0) + factor * amount

    def tile(self, resource: str) -> Tile:
        state = _STATES[self.host.state]
        if self.host.state in _OFF:
            return Tile(None, state, self.guests, "")
        units, most = self.units.get(resource, 0), room(self.host, resource)
        amounts = (describe_amount(resource, each // UNIT) for each in (units, max(most, 0)))
        return Tile(_percent(units, most), state, self.guests, " of ".join(amounts))


def heat_maps(snapshot: Snapshot, plan: Plan, backed: Backed) -> tuple[HeatMap, ...]:
    """One of each resource that a host has, memory and CPU first: how full hosts are before the plan and after it.

    Raises
    ------
    UnfitActionError
        When the plan does not start from the snapshot.
    """
    before, after = _loads(snapshot, backed), _loads(after_plan(snapshot, plan), backed)
    names = {name for host in snapshot.hosts for name, amount in host.capacity.items() if amount}
    ordered = (*(name for name in _FIRST if name in names), *sorted(names.difference(_FIRST)))
    domains: dict[str, list[str]] = {}
    paths = _paths(snapshot)
    for host in snapshot.hosts:
        domains.setdefault(paths.get(host.domain_ids[0], "") if host.domain_ids else "", []).append(host.id)
    return tuple(
        HeatMap(
            name_resource(name),
            tuple(
                (domain, tuple(HeatMapHost(one, before[one].tile(name), after[one].tile(name)) for one in host_ids))
                for domain, host_ids in sorted(domains.items())
            ),
        )
        for name in ordered
    )


def _loads(snapshot: Snapshot, backed: Backed) -> dict[str, _Load]:
    loads = {host.id: _Load(host) for host in snapshot.hosts}
    for vm in snapshot.vms:
        for host_id in _places(vm):
            # a record that makes no sense may name a host that is not there
            if (load := loads.get(host_id)) is not None:
                load.hold(vm, backed.get(vm.id, ()))
                load.guests += host_id == vm.place
    return loads


def _places(vm: Vm) -> Iterator[str]:
    """Where the guest holds room: at both ends while it is on its way."""
    if vm.is_running:
        yield vm.place
        if vm.state is VmState.MIGRATING:
            yield vm.host_id


def _percent(units: int, most: int) -> int | None:
    """Rounded, but above 100 if and only if the host holds more than it has room for."""
    if most <= 0:
        return _MOST + 1 if units else None
    percent = (200 * units + most) // (2 * most)
    return min(max(percent, 101), _MOST + 1) if units > most else min(percent, 100)


def _paths(snapshot: Snapshot) -> dict[str, str]:
    """Domain -> its name below those of all that it lies in, as in ``s1 / r02``."""
    parents = {domain.id: domain.parent_id for domain in snapshot.domains}
    paths: dict[str, str] = {}
    for domain_id, parent_id in parents.items():
        path, at = [domain_id], parent_id
        while at in parents and at not in path:
            path.append(at)
            at = parents[at]
        paths[domain_id] = " / ".join(reversed(path))
    return paths
