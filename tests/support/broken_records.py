"""Records of guests that make no sense, and everything that may be true of them (docs/concepts.md)."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

from tests.support.reading.world import is_suitable
from trimtab_solver.policy.documents import Policy
from trimtab_solver.rules.policy_set import PolicySet
from trimtab_solver.snapshot import Host, HostState, Migratability, Snapshot, Vm, VmState

_OFF = (HostState.DOWN, HostState.STANDBY)
_UNKNOWN = "host-unknown"
_NO_TIER = "no such tier"


@dataclass(frozen=True, slots=True)
class BrokenRecord:
    """A record that makes no sense, and in what way it is broken."""

    vm: Vm
    way: str


def break_record(snapshot: Snapshot, chance: random.Random) -> tuple[Snapshot, BrokenRecord]:
    """The snapshot with one more record that makes no sense, and that record."""
    i = chance.randrange(len(snapshot.vms))
    names = list(_WAYS)
    while True:
        way = chance.choice(names)
        broken = _WAYS[way](snapshot.vms[i], snapshot, chance)
        if broken is not None:
            vms = (*snapshot.vms[:i], broken, *snapshot.vms[i + 1 :])
            return replace(snapshot, vms=vms), BrokenRecord(broken, way)


def without_default_tier(policy: Policy) -> Policy:
    """The policy in which a guest may have no tier."""
    documents = tuple(
        replace(one, spec=PolicySet()) if isinstance(one.spec, PolicySet) else one for one in policy.documents
    )
    return Policy(documents, policy.digest)


def truths(snapshot: Snapshot, record: BrokenRecord, tiers: tuple[str, ...]) -> Iterator[Snapshot]:
    """Every snapshot in which the record makes sense: the guest runs on a host where it may, or nowhere."""
    broken = record.vm
    tier = broken.tier if broken.tier in tiers else None
    for vm in _whereabouts(snapshot, broken):
        for size in _sizes(snapshot, broken) if vm.is_running else [{}]:
            for name in tiers if tier is None else (tier,):
                true = replace(vm, tier=name, allocated=size, requested=_believed(snapshot, broken))
                yield replace(snapshot, vms=tuple(true if one is broken else one for one in snapshot.vms))


def _whereabouts(snapshot: Snapshot, broken: Vm) -> Iterator[Vm]:
    base = replace(
        broken,
        guaranteed={},
        target_host_id="",
        migratability=Migratability.NONE,
        home_host_id="",
        storage_pool_id=broken.storage_pool_id if _knows_pool(snapshot, broken) else "",
    )
    yield replace(base, state=VmState.STOPPED, host_id="")
    if broken.state is not VmState.STOPPED:
        yield replace(base, state=VmState.PENDING, host_id="")
    for host in snapshot.hosts:
        if host.state not in _OFF and _may_be_on(snapshot, broken, host):
            yield replace(base, state=VmState.RUNNING, host_id=host.id)


def _may_be_on(snapshot: Snapshot, broken: Vm, host: Host) -> bool:
    """Whether the record does not exclude that the guest runs there."""
    running = (VmState.RUNNING, VmState.MIGRATING)
    named = [broken.host_id] if broken.state in (*running, VmState.DISPLACED) or broken.target_host_id else []
    if broken.target_host_id or broken.state is VmState.MIGRATING:
        named.append(broken.target_host_id)
    if host.id in named:
        return True
    ids = {one.id for one in snapshot.hosts}
    if broken.state is VmState.DISPLACED and not broken.target_host_id:
        return False
    if all(name in ids for name in named):
        return False
    pool = broken.storage_pool_id if _knows_pool(snapshot, broken) else ""
    return is_suitable(replace(host, state=HostState.UP), replace(broken, storage_pool_id=pool))


def _knows_pool(snapshot: Snapshot, vm: Vm) -> bool:
    return any(pool.id == vm.storage_pool_id for pool in snapshot.storage_pools)


def _believed(snapshot: Snapshot, broken: Vm) -> dict[str, int]:
    """Of the request what can be true."""
    if "" in (*broken.requested, *broken.allocated, *broken.guaranteed):
        return {}
    known = {r for host in snapshot.hosts for r in host.capacity}
    worst = {r for each in (broken.requested, broken.allocated, broken.guaranteed) for r, a in each.items() if a < 0}
    return {r: amount for r, amount in broken.requested.items() if r in known - worst}


def _sizes(snapshot: Snapshot, broken: Vm) -> Iterator[dict[str, int]]:
    """What it may hold: nothing, all it may, and something between."""
    largest: dict[str, int] = {}
    for host in snapshot.hosts:
        for r, capacity in host.capacity.items():
            stated = [each[r] for each in (broken.requested, broken.allocated, broken.guaranteed) if r in each]
            is_unknown = "" in (*broken.requested, *broken.allocated, *broken.guaranteed) or min(stated, default=0) < 0
            largest[r] = max(largest.get(r, 0), capacity if is_unknown else max(stated, default=0))
    yield dict.fromkeys(largest, 0)
    yield largest
    yield {r: (amount + 1) // 2 for r, amount in largest.items()}


# --- ways to break a record -------------------------------------------------------------------------------------------


def _on(*states: HostState) -> Callable[[Snapshot, random.Random], str]:
    def choose(snapshot: Snapshot, chance: random.Random) -> str:
        return chance.choice([host.id for host in snapshot.hosts if host.state in states] or [""])

    return choose


_down, _up = _on(*_OFF), _on(HostState.UP, HostState.DEGRADED, HostState.MAINTENANCE, HostState.DRAINING)


def _stale(vm: Vm, snapshot: Snapshot, chance: random.Random) -> Vm | None:
    host = _down(snapshot, chance)
    return replace(vm, state=VmState.RUNNING, host_id=host, target_host_id="") if host else None


def _unknown_host(vm: Vm, snapshot: Snapshot, chance: random.Random) -> Vm | None:
    state = chance.choice((VmState.RUNNING, VmState.RUNNING, VmState.DISPLACED))
    return replace(vm, state=state, host_id=_UNKNOWN, target_host_id="")


def _no_host(vm: Vm, snapshot: Snapshot, chance: random.Random) -> Vm | None:
    return replace(vm, state=VmState.RUNNING, host_id="", target_host_id="")


def _bad_migration(vm: Vm, snapshot: Snapshot, chance: random.Random) -> Vm | None:
    up, down = _up(snapshot, chance), _down(snapshot, chance)
    ends = [(up, up), (up, _UNKNOWN), (_UNKNOWN, up), (up, "")] if up else []
    ends += [(up, down), (down, up)] if up and down else []
    if not ends:
        return None
    source, target = chance.choice(ends)
    return replace(vm, state=VmState.MIGRATING, host_id=source, target_host_id=target)


def _displaced_from_live_host(vm: Vm, snapshot: Snapshot, chance: random.Random) -> Vm | None:
    host = _up(snapshot, chance)
    return replace(vm, state=VmState.DISPLACED, host_id=host, target_host_id="") if host else None


def _target_while_running(vm: Vm, snapshot: Snapshot, chance: random.Random) -> Vm | None:
    host = _up(snapshot, chance)
    if not host or vm.state is not VmState.RUNNING:
        return None
    return replace(vm, target_host_id=host)


def _unknown_pool(vm: Vm, snapshot: Snapshot, chance: random.Random) -> Vm | None:
    return replace(vm, storage_pool_id="pool-unknown")


def _unknown_resource(vm: Vm, snapshot: Snapshot, chance: random.Random) -> Vm | None:
    return replace(vm, requested={**vm.requested, "gpu_gib": 3})


def _nameless_resource(vm: Vm, snapshot: Snapshot, chance: random.Random) -> Vm | None:
    return replace(vm, requested={**vm.requested, "": 2})


def _above_request(vm: Vm, snapshot: Snapshot, chance: random.Random) -> Vm | None:
    if vm.state is not VmState.RUNNING or not vm.requested:
        return None
    resource = chance.choice(sorted(vm.requested))
    return replace(vm, allocated={resource: vm.requested[resource] + chance.randint(1, 2)})


def _negative(vm: Vm, snapshot: Snapshot, chance: random.Random) -> Vm | None:
    if not vm.requested:
        return None
    bad: Mapping[str, int] = {chance.choice(sorted(vm.requested)): -chance.randint(1, 9)}
    return replace(vm, requested={**vm.requested, **bad}) if chance.random() < 0.5 else replace(vm, allocated=bad)


def _no_tier(vm: Vm, snapshot: Snapshot, chance: random.Random) -> Vm | None:
    return replace(vm, tier=_NO_TIER)


def _informative(vm: Vm, snapshot: Snapshot, chance: random.Random) -> Vm | None:
    return replace(vm, home_host_id=_UNKNOWN) if chance.random() < 0.5 else replace(vm, restart_s=-1)


_WAYS: dict[str, Callable[[Vm, Snapshot, random.Random], Vm | None]] = {
    "stale": _stale,
    "unknown host": _unknown_host,
    "no host": _no_host,
    "bad migration": _bad_migration,
    "displaced from a live host": _displaced_from_live_host,
    "target while running": _target_while_running,
    "unknown pool": _unknown_pool,
    "unknown resource": _unknown_resource,
    "resource without a name": _nameless_resource,
    "allocated above request": _above_request,
    "negative": _negative,
    "no tier": _no_tier,
    "informative field": _informative,
}
