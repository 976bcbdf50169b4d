"""Whether a snapshot makes sense: every contradiction in it, before anything is planned from it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TypeVar

from ..errors import Fault, Reason, SnapshotRefusedError
from ..quarantine import Quarantined
from ..snapshot import FailureDomain, Host, Snapshot, StoragePool, Vm
from .fault_list import MAX_FAULTS, FaultList
from .guests import check_guests, sum_requests
from .hosts import check_domains, check_hosts
from .quarantine import quarantine
from .ranges import MAX_COUNT

MAX_SUM = 1 << 60
"""What sums over the cluster, times the overcommit percentage, stay below: engines add up a few of them in 64 bits."""
MAX_ID_LENGTH = 256
"""How long ids may be, in characters: answers repeat them in every action and reason."""
MAX_SHRINK_COST = 1000
"""The highest `resize.cost` a tier may have (rules/tier.py)."""

PartT = TypeVar("PartT", Host, Vm, FailureDomain, StoragePool)


def check_snapshot(snapshot: Snapshot) -> None:
    """Nothing, if the snapshot makes sense.

    Raises
    ------
    SnapshotRefusedError
        With every fault of `snapshot_faults`, if there is any.
    """
    faults = snapshot_faults(snapshot)
    if faults:
        raise SnapshotRefusedError(faults)


def set_aside(snapshot: Snapshot) -> tuple[Snapshot, tuple[Quarantined, ...]]:
    """As `quarantine`, of every record of a guest that makes no sense.

    Raises
    ------
    SnapshotRefusedError
        With every fault of `snapshot_faults`, if there is one that does not concern a single guest.
    """
    faults = snapshot_faults(snapshot, most=None)
    cleared, quarantined = quarantine(snapshot, faults)
    # amounts that are not believed may be what adds up to too much
    if faults and snapshot_faults(cleared):
        check_snapshot(snapshot)
    return cleared, quarantined


def check_guests_of(snapshot: Snapshot, guests: Iterable[int]) -> None:
    """As `check_snapshot`, for who knows that all guests but those of these places make sense by themselves."""
    part = replace(snapshot, vms=tuple(snapshot.vms[i] for i in guests))
    if snapshot_faults(part):
        check_snapshot(snapshot)


def check_together(snapshot: Snapshot, before: Snapshot) -> None:
    """As `check_snapshot`, for who knows that all parts make sense by themselves, and `before` too: ids and sums."""
    is_known = snapshot.vms is before.vms and _most_percent(snapshot.hosts) == _most_percent(before.hosts)
    faults = FaultList()
    _check_sums(replace(snapshot, vms=()) if is_known else snapshot, faults)
    if faults.all() or (not is_known and len({vm.id for vm in snapshot.vms}) < len(snapshot.vms)):
        check_snapshot(snapshot)


def snapshot_faults(snapshot: Snapshot, most: int | None = MAX_FAULTS) -> list[Fault]:
    """Everything that is wrong, in words for whoever sends the snapshot; beyond `most` faults only their number."""
    faults = FaultList(most)
    if not snapshot.hosts:
        faults.add(
            Reason.EMPTY_CLUSTER,
            "snapshot.hosts",
            "the cluster has no hosts",
            "send at least one host",
        )
    _check_counts(snapshot, faults)
    domains = _index(snapshot.domains, "domains", "failure domain", faults)
    pools = _index(snapshot.storage_pools, "storage_pools", "storage pool", faults)
    hosts = _index(snapshot.hosts, "hosts", "host", faults)
    _index(snapshot.vms, "vms", "guest", faults)
    check_domains(snapshot.domains, domains, faults)
    check_hosts(snapshot.hosts, domains, pools, faults)
    check_guests(snapshot.vms, hosts, pools, faults)
    _check_sums(snapshot, faults)
    return faults.all()


def _index(parts: Sequence[PartT], field: str, noun: str, faults: FaultList) -> dict[str, PartT]:
    """The parts by id; the first of those with the same id."""
    by_id = {part.id: part for part in reversed(parts)}
    if max(map(len, by_id), default=0) > MAX_ID_LENGTH:
        for i, part in enumerate(parts):
            if len(part.id) > MAX_ID_LENGTH:
                message = f"the id of the {noun} has {len(part.id)} characters"
                faults.add(Reason.OUT_OF_RANGE, f"snapshot.{field}[{i}].id", message, f"use at most {MAX_ID_LENGTH}")
    if len(by_id) == len(parts) and "" not in by_id:
        return by_id
    first: dict[str, int] = {}
    for i, part in enumerate(parts):
        path = f"snapshot.{field}[{i}].id"
        if not part.id:
            faults.add(
                Reason.INVALID_REQUEST,
                path,
                f"the {noun} has no id",
                "give it an id that no other has",
            )
        elif (other := first.setdefault(part.id, i)) != i:
            message = f'the {noun} "{part.id}" is the same as snapshot.{field}[{other}]'
            faults.add(
                Reason.DUPLICATE_ID,
                path,
                message,
                "ids are unique; rename or remove one",
            )
    by_id.pop("", None)
    return by_id


def _check_counts(snapshot: Snapshot, faults: FaultList) -> None:
    failures = snapshot.hardware_failures
    if failures is not None and not 0 <= failures <= MAX_COUNT:
        message = f"hardware_failures is {failures}"
        faults.add(
            Reason.OUT_OF_RANGE,
            "snapshot.hardware_failures",
            message,
            "send 0 or more, or leave it out",
        )
    if snapshot.taken_at < 0:
        message = f"taken_at is {snapshot.taken_at}"
        faults.add(
            Reason.OUT_OF_RANGE,
            "snapshot.taken_at",
            message,
            "send seconds since 1970, or 0 for unknown",
        )


def _check_sums(snapshot: Snapshot, faults: FaultList) -> None:
    requested = sum_requests(snapshot.vms)
    percent = _most_percent(snapshot.hosts)
    capacity: dict[str, int] = {}
    for host in snapshot.hosts:
        for resource, amount in host.capacity.items():
            capacity[resource] = capacity.get(resource, 0) + amount
    for field, sums in (("vms", requested), ("hosts", capacity)):
        for resource, total in sums.items():
            factor = percent.get(resource, 100)
            if total * factor >= MAX_SUM:
                faults.add(
                    Reason.OUT_OF_RANGE,
                    f"snapshot.{field}",
                    f"{resource} adds up to {total}; times the overcommit of {factor} percent that is too much",
                    f"use a larger unit for {resource}",
                )
    total = sum(requested.values())
    if total * MAX_SHRINK_COST >= MAX_SUM:
        faults.add(
            Reason.OUT_OF_RANGE,
            "snapshot.vms",
            f"requests of all resources add up to {total}; shrinkage times its highest cost could not be counted",
            "use larger units",
        )


def _most_percent(hosts: Sequence[Host]) -> dict[str, int]:
    """The highest overcommitment of each resource on any of the hosts, where there is any."""
    percent: dict[str, int] = {}
    for host in hosts:
        for resource, share in host.overcommit_percent.items():
            percent[resource] = max(percent.get(resource, 100), share)
    return percent
