"""Sites, racks, power feeds and hosts of a sample cluster, before they get their capacity."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from trimtab_solver.errors import Fault, Reason, RefusedError
from trimtab_solver.snapshot import FailureDomain

from .draw import Draw
from .options import SampleOptions

HOSTS_PER_RACK = 16
RACKS_PER_ROOM = 4
LICENSE = "database"
CPU_OVERCOMMIT_PERCENT = 300


@dataclass(frozen=True, slots=True)
class HostClass:
    """A kind of hardware; a rack holds one kind. Memory and CPU are relative to the other kinds."""

    name: str
    memory: float
    cpu: float
    raid: str
    """Of its own disks."""
    power_feeds: int
    reaches_mirror: bool
    capabilities: tuple[str, ...]


# gold runs on ha hosts only and counts CPU once, without overcommit: those hosts need more of it
HOST_CLASSES = (
    HostClass("ha", 1.5, 2.2, "10", 2, True, ("redundant-power", "redundant-network", "sr-iov")),
    HostClass("standard", 1.0, 1.0, "5", 1, True, ("redundant-network", "battery", "sr-iov")),
    HostClass("economy", 0.75, 0.75, "0", 1, False, ()),
)


@dataclass(frozen=True, slots=True)
class HostPlan:
    """A host to be: everything but its capacity."""

    id: str
    site: str
    room: str
    rack: str
    feed: str
    hardware: HostClass
    cpu_generation: int
    is_licensed: bool
    is_spare: bool

    @property
    def domain_ids(self) -> tuple[str, ...]:
        """Rack, and power feed if it hangs on a single one."""
        return (self.rack, self.feed) if self.feed else (self.rack,)

    @property
    def labels(self) -> dict[str, str]:
        """Labels as the gold-silver-bronze policy reads them."""
        labels = {"class": self.hardware.name, "power_feeds": str(self.hardware.power_feeds)}
        if self.is_licensed:
            labels["license"] = LICENSE
        return labels


@dataclass(frozen=True, slots=True)
class Infrastructure:
    """All hosts with the domains around them."""

    hosts: tuple[HostPlan, ...]
    domains: tuple[FailureDomain, ...]
    sites: tuple[str, ...]
    failed: frozenset[str] = field(default_factory=frozenset)
    """Ids of the hosts that are to fail."""


def build_infrastructure(options: SampleOptions, draw: Draw) -> Infrastructure:
    """Racks of about sixteen equal hosts, at least two per site where there are enough hosts; three kinds of hardware.

    Hosts with two power feeds lie in no feed domain: no single feed takes them down.
    """
    sites = [f"s{number}" for number in range(1, options.sites + 1)]
    domains = [FailureDomain(site, "site") for site in sites]
    hosts: list[HostPlan] = []
    racks = 0
    for index, site in enumerate(sites):
        share = _share(options.hosts, options.sites, index)
        rack_count = max(math.ceil(share / HOSTS_PER_RACK), min(2, share))
        feeds = (f"{site}-f1", f"{site}-f2")
        domains += [FailureDomain(feed, "feed", site) for feed in feeds]
        for position in range(rack_count):
            racks += 1
            rack = f"r{racks:02d}"
            room = f"{site}-room{position // RACKS_PER_ROOM + 1}"
            if position % RACKS_PER_ROOM == 0:
                domains.append(FailureDomain(room, "room", site))
            domains.append(FailureDomain(rack, "rack", room))
            hardware = HOST_CLASSES[position % len(HOST_CLASSES)]
            size = _share(share, rack_count, position)
            generation = draw.weighted((1, 2, 3), (1, 3, 1))
            licensed = max(1, size // 4) if hardware.power_feeds > 1 else 0
            hosts += [
                HostPlan(
                    id=f"h{len(hosts) + slot + 1:04d}",
                    site=site,
                    room=room,
                    rack=rack,
                    feed="" if hardware.power_feeds > 1 else feeds[position % 2],
                    hardware=hardware,
                    cpu_generation=generation,
                    is_licensed=slot < licensed,
                    is_spare=len(hosts) + slot >= options.hosts - options.spares,
                )
                for slot in range(size)
            ]
    failed = _failed_hosts(options.fail, hosts, {domain.id for domain in domains})
    return Infrastructure(tuple(hosts), tuple(domains), tuple(sites), failed)


def _share(total: int, parts: int, index: int) -> int:
    return total // parts + (1 if index < total % parts else 0)


def _failed_hosts(failures: tuple[str, ...], hosts: list[HostPlan], domain_ids: set[str]) -> frozenset[str]:
    failed: set[str] = set()
    faults: list[Fault] = []
    for failure in failures:
        kind, _, name = failure.partition(":")
        read = {
            "host": lambda host: host.id,
            "rack": lambda host: host.rack,
            "room": lambda host: host.room,
            "site": lambda host: host.site,
            "feed": lambda host: host.feed,
        }.get(kind)
        if read is None:
            fix = "write KIND:ID with kind host, rack, room, site or feed, for example rack:r01"
            faults.append(Fault(Reason.INVALID_REQUEST, "sample.fail", f'"{failure}" names no kind of failure', fix))
            continue
        victims = {host.id for host in hosts if name and read(host) == name}
        if not victims and name not in domain_ids:
            known = sorted({read(host) for host in hosts} - {""})
            fix = f"{kind}s of this cluster: {', '.join(known[:4])}{' ...' if len(known) > 4 else ''}"
            faults.append(Fault(Reason.UNKNOWN_REFERENCE, "sample.fail", f'there is no {kind} "{name}"', fix))
        failed |= victims
    if not faults and len(failed) >= sum(not host.is_spare for host in hosts):
        faults.append(Fault(Reason.INVALID_REQUEST, "sample.fail", "no host would survive", "fail fewer domains"))
    if faults:
        raise RefusedError(faults)
    return frozenset(failed)
