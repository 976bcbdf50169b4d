"""Judges room: what each host holds of each resource, and how much it may.

Loads and limits are in the units of docs/concepts.md ("Room"): a hundred times the resource's unit for guests that
share the overcommitted part, `overcommit percent` times it for guests that are backed one to one by hardware.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from copy import copy
from types import MappingProxyType

from ..snapshot import Host, Snapshot, Vm, VmState
from .rights import TierRights, size_now

UNIT = 100
"""One unit of a shared resource."""
ROOM = "(room)"
"""Stands for a rule name where no document is the reason."""

Load = dict[str, int]


def held(host: Host, tier: TierRights, size: Mapping[str, int]) -> Load:
    """What a guest of the tier with this size takes of the host."""
    percent, single = host.overcommit_percent, tier.no_overcommit
    if not single:
        return {resource: 100 * amount for resource, amount in size.items()}
    return {
        resource: (percent.get(resource, 100) if resource in single else 100) * amount
        for resource, amount in size.items()
    }


def room(host: Host, resource: str) -> int:
    """How much the host has room for."""
    available = host.capacity.get(resource, 0) - host.reserved.get(resource, 0)
    return host.overcommit_percent.get(resource, 100) * available


class Rooms:
    """What every host holds now, and what it held at first.

    `kept` names the resources that a guest which has moved holds on its first host as well; `claims` is what guests in
    quarantine may hold, by host and resource.
    """

    __slots__ = ("_behind", "_claims", "_hosts", "_initial", "_kept", "_sources", "_tiers", "loads")

    def __init__(
        self,
        snapshot: Snapshot,
        hosts: Mapping[str, Host],
        tiers: Mapping[str, TierRights],
        kept: Collection[str] = (),
        claims: Mapping[tuple[str, str], int] = MappingProxyType({}),
    ) -> None:
        self._claims = claims
        self._hosts = hosts
        self._tiers = tiers
        self._kept = kept
        self._behind = _left_behind(snapshot.vms, kept)
        self._sources: list[tuple[str, str, Mapping[str, int]]] = []
        self.loads: dict[str, Load] = {host.id: {} for host in snapshot.hosts}
        self._add_running(snapshot)
        self._initial = {host_id: dict(load) for host_id, load in self.loads.items()}

    def _add_running(self, snapshot: Snapshot) -> None:
        """What runs in the snapshot takes its room, and what migrates that at its source as well."""
        known: dict[tuple[int, TierRights, int], Load] = {}
        migrating = VmState.MIGRATING
        for vm in snapshot.vms:
            if not vm.is_running:
                continue
            if vm.allocated or vm.state is migrating:
                size = size_now(vm)
                self.add(vm.id, vm.place, size)
                if vm.state is migrating:
                    self._sources.append((vm.id, vm.host_id, size))
                    self.add(vm.id, vm.host_id, size)
                continue
            # guests share the mapping of what they request, and hosts that of their overcommitment
            host, tier = self._hosts[vm.place], self._tiers[vm.id]
            alike = id(vm.requested), tier, id(host.overcommit_percent)
            taken = known.get(alike)
            if taken is None:
                taken = known[alike] = held(host, tier, vm.requested)
            load = self.loads[vm.place]
            for resource, amount in taken.items():
                load[resource] = load.get(resource, 0) + amount

    def copy(self) -> Rooms:
        """The same rooms, to be changed apart from these."""
        other = copy(self)
        other.loads = {host_id: dict(load) for host_id, load in self.loads.items()}
        return other

    def follow(
        self, hosts: Mapping[str, Host], tiers: Mapping[str, TierRights], before: Sequence[Vm], now: Sequence[Vm]
    ) -> None:
        """Becomes what the same hosts hold later, and did at first, with the guests `now` in place of those `before`.

        None of them migrates; nobody is in quarantine; tiers take of hosts what they did.
        """
        self._hosts, self._tiers, self._behind = hosts, tiers, dict(self._behind)
        for vm in before:
            if vm.is_running:
                self._take(vm, -1)
                self._behind.pop(vm.id, None)
        for vm in now:
            if vm.is_running:
                self._take(vm, 1)
        self._behind.update(_left_behind(now, self._kept))
        self._initial = {host_id: dict(load) for host_id, load in self.loads.items()}

    def _take(self, vm: Vm, sign: int) -> None:
        """The guest takes its room where it runs (1), or gives it back (-1)."""
        load = self.loads[vm.place]
        for resource, amount in held(self._hosts[vm.place], self._tiers[vm.id], size_now(vm)).items():
            load[resource] = load.get(resource, 0) + sign * amount

    def leave_former_hosts(self) -> None:
        """From now on nobody keeps anything on a former host: the plan is over."""
        self._behind = {}

    def hold(self, place: Mapping[str, str], sizes: Mapping[str, Mapping[str, int]]) -> None:
        """Holds exactly the guests of `place`, and those on their way at their source as well."""
        self.loads = {host_id: {} for host_id in self.loads}
        for vm_id, host_id in place.items():
            self.add(vm_id, host_id, sizes[vm_id])
        for vm_id, host_id, size in self._sources:
            self.add(vm_id, host_id, size)

    def add(self, vm_id: str, host_id: str, size: Mapping[str, int]) -> None:
        """The guest takes its room on the host, and keeps what it must on its first host."""
        for at, part in self.parts(vm_id, host_id, size):
            load = self.loads[at]
            for resource, amount in held(self._hosts[at], self._tiers[vm_id], part).items():
                load[resource] = load.get(resource, 0) + amount

    def remove(self, vm_id: str, host_id: str, size: Mapping[str, int]) -> None:
        """The guest gives its room on the host back, and what it kept on its first host."""
        for at, part in self.parts(vm_id, host_id, size):
            load = self.loads[at]
            for resource, amount in held(self._hosts[at], self._tiers[vm_id], part).items():
                load[resource] -= amount

    def parts(self, vm_id: str, host_id: str, size: Mapping[str, int]) -> Iterator[tuple[str, Mapping[str, int]]]:
        """Host and size of everything the guest holds while it runs on `host_id`."""
        yield host_id, size
        kept = self._behind.get(vm_id)
        if kept is not None and kept[0] != host_id:
            yield kept

    def first_host(self, vm_id: str) -> str:
        """The host of the snapshot, where the guest keeps something whenever it runs elsewhere; empty if nowhere."""
        behind = self._behind.get(vm_id)
        return behind[0] if behind is not None and any(behind[1].values()) else ""

    def by_host(self) -> Iterator[tuple[Host, Load]]:
        """Every host with what it holds."""
        for host_id, load in self.loads.items():
            yield self._hosts[host_id], load

    def room(self, host_id: str, resource: str) -> int:
        """What the host has room for beside guests in quarantine; no less than it held, if it had room for that."""
        available = room(self._hosts[host_id], resource)
        claim = self._claims.get((host_id, resource), 0)
        first = self._initial[host_id].get(resource, 0)
        return max(available - claim, first) if claim and first <= available else available

    def limit(self, host_id: str, resource: str) -> int:
        """The most the host may hold: its room, or what it held at first if that is more."""
        return max(
            self.room(host_id, resource),
            self._initial[host_id].get(resource, 0),
        )

    def at_first(self, host_id: str, resource: str) -> int:
        """What the host held in the snapshot."""
        return self._initial[host_id].get(resource, 0)

    def excess(self, host_id: str) -> list[tuple[str, int, int]]:
        """Resource, load and limit wherever the host holds more than it may."""
        return [
            (resource, amount, limit)
            for resource, amount in self.loads[host_id].items()
            if amount > (limit := self.limit(host_id, resource))
        ]

    def breaches(self) -> int:
        """On how many hosts and resources there is no room for what runs there."""
        return sum(
            amount > self.room(host_id, resource)
            for host_id, load in self.loads.items()
            for resource, amount in load.items()
        )


def _left_behind(vms: Iterable[Vm], kept: Collection[str]) -> dict[str, tuple[str, Mapping[str, int]]]:
    """First host and size, of the `kept` resources alone, of every guest that may move."""
    if not kept:
        return {}
    found: dict[str, tuple[str, Mapping[str, int]]] = {}
    for vm in vms:
        if vm.state is VmState.RUNNING:
            size = size_now(vm)
            found[vm.id] = vm.place, {resource: size[resource] for resource in kept if resource in size}
    return found
