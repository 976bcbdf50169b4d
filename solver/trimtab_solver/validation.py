"""Whether a snapshot makes sense: every contradiction in it, before anything is planned from it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from .errors import Fault, Reason, SnapshotRefusedError
from .fault_list import FaultList, quoted
from .snapshot import FailureDomain, Host, HostState, Snapshot, StoragePool, Vm, VmState
from .topology import HOST_KIND

MAX_AMOUNT = 1 << 40
"""The largest amount of one resource that a host or a guest may have."""
MAX_SUM = 1 << 62
"""What sums over the cluster, times the overcommit percentage, stay below: the engines count in 64-bit integers."""

_MAX_SECONDS = 10_000_000
_MAX_COUNT = 1 << 31
_PERCENT = (10, 10_000)
_HOST_RANGES = (
    ("migration_slots", 0, 1024),
    ("migration_bandwidth_mbps", 1, 100_000_000),
    ("boot_s", 0, _MAX_SECONDS),
    ("cpu_generation", 0, _MAX_COUNT),
)
_VITAL = frozenset({"cpu_milli", "memory_mib"})
_POWERED = frozenset({HostState.UP, HostState.DEGRADED, HostState.DRAINING, HostState.MAINTENANCE})


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


def snapshot_faults(snapshot: Snapshot) -> list[Fault]:
    """Everything that is wrong: hosts first, then guests; after the first thousand faults only their number."""
    faults = FaultList()
    if not snapshot.hosts:
        faults.add(Reason.EMPTY_CLUSTER, "snapshot.hosts", "the cluster has no hosts", "send at least one host")
    _check_counts(snapshot, faults)
    domains = _index(snapshot.domains, "domains", "failure domain", faults)
    pools = _index(snapshot.storage_pools, "storage_pools", "storage pool", faults)
    hosts = _index(snapshot.hosts, "hosts", "host", faults)
    vms = _index(snapshot.vms, "vms", "guest", faults)
    kinds = _check_domains(snapshot.domains, domains, faults)
    _check_hosts(snapshot.hosts, domains, pools, kinds, faults)
    _check_vms(snapshot.vms, hosts, pools, faults)
    _check_sums(snapshot, faults)
    del vms
    return faults.all()


def _check_counts(snapshot: Snapshot, faults: FaultList) -> None:
    failures = snapshot.hardware_failures
    if failures is not None and not 0 <= failures <= _MAX_COUNT:
        message = f"hardware_failures is {failures}"
        faults.add(Reason.OUT_OF_RANGE, "snapshot.hardware_failures", message, "send 0 or more, or leave it out")
    if snapshot.taken_at < 0:
        message = f"taken_at is {snapshot.taken_at}"
        faults.add(Reason.OUT_OF_RANGE, "snapshot.taken_at", message, "send seconds since 1970, or 0 for unknown")
