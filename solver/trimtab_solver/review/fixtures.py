"""From the fixtures of a `PolicyTest` to a snapshot."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, TypeVar

from ..authoring.policy_test import Fixtures, HostFixture, PoolFixture, VmFixture, ids_of
from ..policy.documents import Strict
from ..snapshot import FailureDomain, Host, PoolKind, Snapshot, StoragePool, Vm, VmState

_HOST_NAMES = {"domains": "domain_ids", "storage_pools": "storage_pool_ids"}
_VM_NAMES = {
    "host": "host_id",
    "target_host": "target_host_id",
    "home_host": "home_host_id",
    "storage_pool": "storage_pool_id",
}

FixtureT = TypeVar("FixtureT", HostFixture, VmFixture)


def snapshot_of(fixtures: Fixtures) -> Snapshot:
    """The cluster. Whether it makes sense is for validation to say."""
    hosts = [Host(name, **_fields(fixtures.each_host, host, _HOST_NAMES)) for name, host in _each_of(fixtures.hosts)]
    return Snapshot(
        hosts=tuple(hosts),
        vms=tuple(_vm(name, _fields(fixtures.each_vm, vm, _VM_NAMES)) for name, vm in _each_of(fixtures.vms)),
        domains=tuple(FailureDomain(name, domain.kind, domain.parent) for name, domain in fixtures.domains.items()),
        storage_pools=tuple(_pool(name, pool) for name, pool in fixtures.storage_pools.items()),
    )


def _pool(name: str, pool: PoolFixture | PoolKind) -> StoragePool:
    if isinstance(pool, PoolKind):
        return StoragePool(name, pool)
    return StoragePool(name, pool.kind, pool.labels)


def _vm(name: str, fields: dict[str, Any]) -> Vm:
    state = fields.pop("state") or (VmState.RUNNING if fields["host_id"] else VmState.PENDING)
    return Vm(name, state=state, **fields)


def _each_of(fixtures: Mapping[str, FixtureT]) -> Iterator[tuple[str, FixtureT]]:
    """Each id that a key stands for."""
    for key, fixture in fixtures.items():
        yield from ((name, fixture) for name in ids_of(key))


def _fields(common: Strict, own: Strict, names: Mapping[str, str]) -> dict[str, Any]:
    """The fields of a snapshot part: what `own` says, else what `common` says; mappings are merged by key."""
    fields: dict[str, Any] = {}
    for name in type(own).model_fields:
        value, shared = getattr(own, name), getattr(common, name)
        is_own = name in own.model_fields_set
        if isinstance(value, dict):
            value = {**type(own).model_fields[name].default, **shared, **(value if is_own else {})}
        elif not is_own:
            value = shared
        fields[names.get(name, name)] = value
    return fields
