"""What a cluster runs, counted by site."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from trimtab_solver.policy.documents import Policy
from trimtab_solver.policy.selection import Selection
from trimtab_solver.rules.tier import guest_tiers
from trimtab_solver.snapshot import HostState, Snapshot
from trimtab_solver.topology import Topology

from .model import Cell, Column, Row, Table, Tone, cells, number


def tiers_of(snapshot: Snapshot, policy: Policy) -> dict[str, str]:
    """The tier of every guest, by id."""
    return {vm_id: document.name for vm_id, document in guest_tiers(Selection(policy, snapshot)).items()}


@dataclass(slots=True)
class SiteCount:
    """What one site has and runs."""

    site: str
    hosts: int = 0
    down: int = 0
    running: dict[str, int] | None = None
    memory_used: int = 0
    memory_room: int = 0

    @property
    def load(self) -> float:
        """The share of the memory of working hosts that is given to guests."""
        return self.memory_used / self.memory_room if self.memory_room else 0.0


def count_sites(snapshot: Snapshot, tiers: Mapping[str, str], names: Sequence[str]) -> list[SiteCount]:
    """Hosts, running guests by tier, and memory of every site; last, the whole cluster under the name "all"."""
    topology = Topology(snapshot)
    whole = SiteCount("all", running=dict.fromkeys(names, 0))
    sites: dict[str, SiteCount] = {}
    of_host: dict[str, SiteCount] = {}
    for host in snapshot.hosts:
        name = topology.domain(host.id, "site")
        of_host[host.id] = sites.setdefault(name, SiteCount(name, running=dict.fromkeys(names, 0)))
        for count in (of_host[host.id], whole):
            count.hosts += 1
            count.down += host.state is HostState.DOWN
            if host.state not in (HostState.DOWN, HostState.STANDBY):
                count.memory_room += host.capacity.get("memory_mib", 0) - host.reserved.get("memory_mib", 0)
    for vm in snapshot.vms:
        if not vm.is_running:
            continue
        for count in (of_host[vm.place], whole):
            assert count.running is not None
            count.running[tiers[vm.id]] += 1
            count.memory_used += vm.allocated.get("memory_mib", vm.requested.get("memory_mib", 0))
    return [*(sites[name] for name in sorted(sites)), whole]


def site_table(sites: Sequence[SiteCount], tiers: Sequence[str]) -> Table:
    """Hosts, guests and load of every site."""
    heads = ["hosts up", "down", *(f"{tier} running" for tier in tiers), "memory given"]
    columns = (Column("site"), *(Column(head, is_number=True) for head in heads))
    return Table(columns, tuple(_row(site, tiers) for site in sites), name="sites")


def _row(site: SiteCount, tiers: Sequence[str]) -> Row:
    running = site.running or {}
    down = number(site.down, Tone.BAD if site.down else Tone.PLAIN)
    load = Cell(f"{site.load:.0%}", value=site.load)
    return (*cells(site.site, site.hosts - site.down), down, *cells(*(running.get(tier, 0) for tier in tiers)), load)
