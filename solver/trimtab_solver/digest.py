"""A digest of a snapshot that does not depend on the order of its lists or on how it was encoded."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from .snapshot import Host, Snapshot, Vm


def snapshot_digest(snapshot: Snapshot) -> str:
    """SHA-256 (hex) over a canonical text of the snapshot; lists are ordered by id."""
    digest = hashlib.sha256()
    digest.update(repr((snapshot.taken_at, snapshot.hardware_failures)).encode())
    for domain in sorted(snapshot.domains, key=lambda d: d.id):
        digest.update(repr(("domain", domain.id, domain.kind, domain.parent_id)).encode())
    for pool in sorted(snapshot.storage_pools, key=lambda p: p.id):
        digest.update(repr(("pool", pool.id, pool.kind.value)).encode())
    for host in sorted(snapshot.hosts, key=lambda h: h.id):
        digest.update(_host(host).encode())
    for vm in sorted(snapshot.vms, key=lambda v: v.id):
        digest.update(_vm(vm).encode())
    return digest.hexdigest()


def _items(mapping: Mapping[str, object]) -> list[tuple[str, object]]:
    return sorted(mapping.items())


def _host(host: Host) -> str:
    return repr(
        (
            "host",
            host.id,
            sorted(host.domain_ids),
            _items(host.capacity),
            _items(host.reserved),
            _items(host.overcommit_percent),
            host.state.value,
            host.fencing.value,
            host.cpu_generation,
            _items(host.labels),
            sorted(host.capabilities),
            sorted(host.storage_pool_ids),
            host.migration_slots,
            host.migration_bandwidth_mbps,
            host.boot_s,
        )
    )


def _vm(vm: Vm) -> str:
    return repr(
        (
            "vm",
            vm.id,
            vm.tenant,
            vm.tier,
            _items(vm.labels),
            vm.group,
            _items(vm.requested),
            _items(vm.guaranteed),
            _items(vm.allocated),
            _items(vm.used),
            vm.state.value,
            vm.host_id,
            vm.target_host_id,
            vm.home_host_id,
            vm.storage_pool_id,
            vm.migratability.value,
            vm.dirty_rate_mbps,
            vm.restart_s,
            sorted(vm.device_needs),
        )
    )
