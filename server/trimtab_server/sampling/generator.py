"""Sample clusters: seeded, realistic, of any size, with a failure on request."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from trimtab_solver.snapshot import (
    FencingState,
    Host,
    HostState,
    Snapshot,
    Vm,
    VmState,
)

from .draw import Draw
from .guests import Guest, build_guests
from .infrastructure import CPU_OVERCOMMIT_PERCENT, LICENSE, HostPlan, Infrastructure, build_infrastructure
from .options import SampleOptions
from .placing import Placer, cpu_weight
from .policy import sample_policy
from .storage import Disks, build_pools, choose_disks, pool_of, pools_reached

_RESERVED = {"cpu_milli": 2000, "memory_mib": 4096}
_CPU_SLACK = 0.85
"""CPU is this much less loaded than memory, so memory is what runs out."""


@dataclass(frozen=True, slots=True)
class Sample:
    """A generated cluster and the policy it was made for.

    `healthy` is the cluster before the failure, `snapshot` after it; `load` is what the sizes came to after rounding.
    """

    snapshot: Snapshot
    healthy: Snapshot
    policy: Mapping[str, bytes]
    load: float


def generate(options: SampleOptions) -> Sample:
    """Build a cluster whose healthy state keeps every must rule of the gold-silver-bronze policy, then break it.

    Guests that `options.misplaced` puts on the wrong storage are the exception.

    Hosts are sized so that all guests would use `options.load` of what survives. A guest that finds no room even in
    the healthy cluster is PENDING; that happens only when the cluster is asked to be fuller than full.

    Raises
    ------
    RefusedError
        When an option is out of range or names a part that does not exist.
    """
    options.check()
    draw = Draw(options.seed)
    infrastructure = build_infrastructure(options, draw)
    guests = build_guests(options, draw)
    usable = _usable(infrastructure, guests, options.load)
    placed = Placer(infrastructure.hosts, usable, draw).place(guests)
    healthy = _snapshot(infrastructure, usable, guests, placed, options)
    snapshot = _fail(healthy, infrastructure.failed) if infrastructure.failed else healthy
    return Sample(snapshot, healthy, sample_policy(), _load(infrastructure, usable, guests))


def _usable(infrastructure: Infrastructure, guests: Sequence[Guest], load: float) -> list[tuple[int, int]]:
    survivors = [host.hardware for host in infrastructure.hosts if _survives(host, infrastructure)]
    cpu = sum(map(cpu_weight, guests)) / CPU_OVERCOMMIT_PERCENT
    cpu_unit = cpu / (load * _CPU_SLACK * sum(hardware.cpu for hardware in survivors))
    memory = sum(guest.flavour.memory_mib for guest in guests)
    memory_unit = memory / (load * sum(hardware.memory for hardware in survivors))
    least_cpu = max((cpu_weight(guest) / CPU_OVERCOMMIT_PERCENT for guest in guests), default=1)
    least_memory = max((guest.flavour.memory_mib for guest in guests), default=1)
    return [
        (
            1000 * math.ceil(max(cpu_unit * host.hardware.cpu, least_cpu) / 1000),
            1024 * round(max(memory_unit * host.hardware.memory, least_memory) / 1024),
        )
        for host in infrastructure.hosts
    ]


def _survives(host: HostPlan, infrastructure: Infrastructure) -> bool:
    return not host.is_spare and host.id not in infrastructure.failed


def _load(infrastructure: Infrastructure, usable: Sequence[tuple[int, int]], guests: Sequence[Guest]) -> float:
    left = [size for host, size in zip(infrastructure.hosts, usable, strict=True) if _survives(host, infrastructure)]
    cpu = sum(map(cpu_weight, guests)) / (CPU_OVERCOMMIT_PERCENT * sum(cpu for cpu, _ in left))
    memory = sum(guest.flavour.memory_mib for guest in guests) / sum(memory for _, memory in left)
    return max(cpu, memory)


def _snapshot(
    infrastructure: Infrastructure,
    usable: Sequence[tuple[int, int]],
    guests: Sequence[Guest],
    placed: Mapping[str, int],
    options: SampleOptions,
) -> Snapshot:
    local = {placed[guest.id] for guest in guests if guest.on_local_disk and guest.id in placed}
    hosts = tuple(
        _host(host, usable[index], has_local=index in local) for index, host in enumerate(infrastructure.hosts)
    )
    pools = build_pools(
        infrastructure.sites, {host.id: host.hardware for i, host in enumerate(infrastructure.hosts) if i in local}
    )
    # a stream of its own: what else is drawn does not depend on storage
    disks = choose_disks(guests, options.misplaced, Draw(f"storage {options.seed}"))
    vms = tuple(_vm(guest, placed.get(guest.id), disks[guest.id], infrastructure.hosts, options) for guest in guests)
    return Snapshot(hosts, vms, infrastructure.domains, pools)


def _host(plan: HostPlan, usable: tuple[int, int], *, has_local: bool) -> Host:
    return Host(
        id=plan.id,
        domain_ids=plan.domain_ids,
        capacity={
            "cpu_milli": usable[0] + _RESERVED["cpu_milli"],
            "memory_mib": usable[1] + _RESERVED["memory_mib"],
        },
        reserved=_RESERVED,
        overcommit_percent={"cpu_milli": CPU_OVERCOMMIT_PERCENT},
        state=HostState.STANDBY if plan.is_spare else HostState.UP,
        cpu_generation=plan.cpu_generation,
        labels=plan.labels,
        capabilities=plan.hardware.capabilities,
        storage_pool_ids=pools_reached(plan, has_local=has_local),
    )


def _vm(guest: Guest, place: int | None, disks: Disks, hosts: Sequence[HostPlan], options: SampleOptions) -> Vm:
    requested = {"cpu_milli": guest.flavour.cpu_milli, "memory_mib": guest.flavour.memory_mib}
    labels = {"app": guest.app, "zone": guest.zone, "role": guest.role}
    if guest.is_licensed:
        labels["license"] = LICENSE
    host = "" if place is None else hosts[place].id
    return Vm(
        id=guest.id,
        tenant=guest.tenant,
        tier=guest.tier,
        labels=labels,
        group=guest.app,
        requested=requested,
        guaranteed=_guaranteed(guest, requested, resizable=options.resizable),
        state=VmState.PENDING if place is None else VmState.RUNNING,
        host_id=host,
        home_host_id=host,
        storage_pool_id=_pool(disks, hosts, place),
        migratability=guest.migratability,
        dirty_rate_mbps=guest.dirty_rate_mbps,
        restart_s=guest.restart_s,
        device_needs=guest.device_needs,
    )


def _guaranteed(guest: Guest, requested: Mapping[str, int], *, resizable: bool) -> dict[str, int]:
    percent = {"gold": 100, "silver": 50, "bronze": 25}[guest.tier] if resizable else 100
    return {resource: amount * percent // 100 for resource, amount in requested.items()}


def _pool(disks: Disks, hosts: Sequence[HostPlan], place: int | None) -> str:
    if place is not None:
        return pool_of(disks, hosts[place].site, hosts[place].id)
    # who found no room waits on the first site, and on no host's own disks
    return pool_of(Disks.PLAIN if disks is Disks.LOCAL else disks, hosts[0].site, "")


def _fail(healthy: Snapshot, failed: frozenset[str]) -> Snapshot:
    hosts = tuple(
        replace(host, state=HostState.DOWN, fencing=FencingState.UNFENCED) if host.id in failed else host
        for host in healthy.hosts
    )
    vms = tuple(
        replace(vm, state=VmState.DISPLACED) if vm.is_running and vm.host_id in failed else vm for vm in healthy.vms
    )
    return replace(healthy, hosts=hosts, vms=vms)
