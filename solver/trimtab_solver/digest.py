"""A digest of a snapshot that does not depend on the order of its lists or on how it was encoded."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from itertools import chain, islice
from operator import attrgetter
from typing import TypeVar

from .snapshot import FailureDomain, Host, Snapshot, StoragePool, Vm

OneT = TypeVar("OneT", FailureDomain, StoragePool, Host, Vm)

_CHUNK = 1000
"""How many texts are hashed at once: small updates cost more than what they hash."""


def snapshot_digest(snapshot: Snapshot) -> str:
    """SHA-256 (hex) over a canonical text of the snapshot; lists are ordered by id."""
    digest = hashlib.sha256()
    texts = _Texts()
    parts = chain(
        [repr((snapshot.taken_at, snapshot.hardware_failures))],
        (repr(("domain", one.id, one.kind, one.parent_id)) for one in _by_id(snapshot.domains)),
        (repr(("pool", one.id, one.kind.value)) for one in _by_id(snapshot.storage_pools)),
        map(texts.host, _by_id(snapshot.hosts)),
        map(texts.vm, _by_id(snapshot.vms)),
    )
    while chunk := "".join(islice(parts, _CHUNK)):
        digest.update(chunk.encode())
    return digest.hexdigest()


def _by_id(ones: Sequence[OneT]) -> list[OneT]:
    return sorted(ones, key=attrgetter("id"))


class _Texts:
    """The canonical text of hosts and guests: the `repr` of a tuple of their fields, mappings as sorted lists of items.

    Guests share mappings, so the text of each mapping is kept; the snapshot keeps the mappings alive meanwhile.
    """

    def __init__(self) -> None:
        self._known: dict[int, str] = {}

    def _items(self, mapping: Mapping[str, object]) -> str:
        text = self._known.get(id(mapping))
        if text is None:
            text = self._known[id(mapping)] = repr(sorted(mapping.items()))
        return text

    def host(self, host: Host) -> str:
        items = self._items
        return (
            f"('host', {host.id!r}, {sorted(host.domain_ids)!r}, {items(host.capacity)}, {items(host.reserved)}, "
            f"{items(host.overcommit_percent)}, {host.state.value!r}, {host.fencing.value!r}, {host.cpu_generation!r}, "
            f"{items(host.labels)}, {sorted(host.capabilities)!r}, {sorted(host.storage_pool_ids)!r}, "
            f"{host.migration_slots!r}, {host.migration_bandwidth_mbps!r}, {host.boot_s!r})"
        )

    def vm(self, vm: Vm) -> str:
        items = self._items
        return (
            f"('vm', {vm.id!r}, {vm.tenant!r}, {vm.tier!r}, {items(vm.labels)}, {vm.group!r}, {items(vm.requested)}, "
            f"{items(vm.guaranteed)}, {items(vm.allocated)}, {items(vm.used)}, {vm.state.value!r}, {vm.host_id!r}, "
            f"{vm.target_host_id!r}, {vm.home_host_id!r}, {vm.storage_pool_id!r}, {vm.migratability.value!r}, "
            f"{vm.dirty_rate_mbps!r}, {vm.restart_s!r}, {sorted(vm.device_needs)!r})"
        )
