"""Snapshots: the messages that can hold 50,000 guests, so these functions avoid work per field."""

from __future__ import annotations

from collections.abc import Mapping
from operator import attrgetter
from typing import Any, TypeVar

from google.protobuf.timestamp_pb2 import Timestamp

from trimtab.v1 import snapshot_pb2 as pb
from trimtab_solver.errors import Fault, Reason, SnapshotRefusedError
from trimtab_solver.policy.moments import LAST_SECOND
from trimtab_solver.snapshot import FailureDomain, FencingState, Host, HostState, Snapshot, StoragePool, Vm

from .enums import FENCING_STATES, HOST_STATES, MIGRATABILITIES, POOL_KINDS, VM_STATES

ValueT = TypeVar("ValueT", str, int)

# reading a map costs eight times as much as seeing that it is empty, and some maps of nearly all guests are
_NO_AMOUNTS: Mapping[str, int] = {}
_HOST_DEFAULTS = Host("")
_VM_DEFAULTS = Vm("")
_VM_FIELDS = attrgetter(
    "id",
    "tenant",
    "tier",
    "labels",
    "group",
    "requested",
    "guaranteed",
    "allocated",
    "used",
    "state",
    "host_id",
    "target_host_id",
    "home_host_id",
    "storage_pool_id",
    "migratability",
    "dirty_rate_mbps",
    "device_needs",
)
"""Every field of a guest's message that has no default: one call instead of seventeen."""


def snapshot_from_proto(message: pb.Snapshot, path: str = "snapshot") -> Snapshot:
    """The snapshot in `message`, with defaults filled in. Whether it makes sense is for validation to say.

    Raises
    ------
    SnapshotRefusedError
        When an enum is not stated or unknown, or the time is beyond what a Timestamp holds; names all, under `path`.
    """
    faults: list[Fault] = []
    # protobuf does not check it in binary messages
    if message.taken_at.seconds > LAST_SECOND:
        too_late = f"is {message.taken_at.seconds} s after 1970"
        faults.append(Fault(Reason.OUT_OF_RANGE, f"{path}.taken_at", too_late, "send a time before the year 10000"))
    parts = _Parts(path, faults)
    snapshot = Snapshot(
        hosts=tuple(parts.host(index, host) for index, host in enumerate(message.hosts)),
        vms=tuple(parts.vm(index, vm) for index, vm in enumerate(message.vms)),
        domains=tuple(domain_from_proto(domain) for domain in message.domains),
        storage_pools=tuple(
            pool_from_proto(pool, f"{path}.storage_pools[{index}]", faults)
            for index, pool in enumerate(message.storage_pools)
        ),
        taken_at=message.taken_at.seconds,
        hardware_failures=message.hardware_failures if message.HasField("hardware_failures") else None,
    )
    if faults:
        raise SnapshotRefusedError(faults)
    return snapshot


class _Parts:
    """Reads the hosts and guests of one snapshot; what cannot be read is added to `faults`.

    Equal maps become one object, which nobody changes: guests come in few sizes, and the members of a group are
    labelled alike.
    """

    def __init__(self, path: str, faults: list[Fault]) -> None:
        self._path = path
        self._faults = faults
        self._maps: dict[tuple[tuple[str, str | int], ...], dict[str, Any]] = {}

    def host(self, index: int, message: pb.Host) -> Host:
        """The host in `message`."""
        path, faults, default, has = f"{self._path}.hosts[{index}]", self._faults, _HOST_DEFAULTS, message.HasField
        state = HOST_STATES.read(message.state, f"{path}.state", faults)
        if message.fencing == pb.FENCING_STATE_UNSPECIFIED and state is not HostState.DOWN:
            fencing = FencingState.UNFENCED
        else:
            fencing = FENCING_STATES.read(message.fencing, f"{path}.fencing", faults)
        return Host(
            id=message.id,
            domain_ids=tuple(message.domain_ids),
            capacity=self._map(message.capacity),
            reserved=self._map(message.reserved),
            overcommit_percent=self._map(message.overcommit_percent),
            state=state,
            fencing=fencing,
            cpu_generation=message.cpu_generation,
            labels=self._map(message.labels),
            capabilities=tuple(message.capabilities),
            storage_pool_ids=tuple(message.storage_pool_ids),
            migration_slots=message.migration_slots if has("migration_slots") else default.migration_slots,
            migration_bandwidth_mbps=(
                message.migration_bandwidth_mbps
                if has("migration_bandwidth_mbps")
                else default.migration_bandwidth_mbps
            ),
            boot_s=message.boot_s if has("boot_s") else default.boot_s,
        )

    def vm(self, index: int, message: pb.Vm) -> Vm:
        """The guest in `message`."""
        (
            vm_id,
            tenant,
            tier,
            labels,
            group,
            requested,
            guaranteed,
            allocated,
            used,
            state,
            host_id,
            target_host_id,
            home_host_id,
            storage_pool_id,
            migratability,
            dirty_rate_mbps,
            device_needs,
        ) = _VM_FIELDS(message)
        read = self._map
        return Vm(
            vm_id,
            tenant,
            tier,
            read(labels),
            group,
            read(requested),
            read(guaranteed),
            read(allocated) if allocated else _NO_AMOUNTS,
            read(used) if used else _NO_AMOUNTS,
            VM_STATES.members.get(state) or VM_STATES.refuse(state, f"{self._path}.vms[{index}].state", self._faults),
            host_id,
            target_host_id,
            home_host_id,
            storage_pool_id,
            MIGRATABILITIES.members.get(migratability)
            or MIGRATABILITIES.refuse(migratability, f"{self._path}.vms[{index}].migratability", self._faults),
            dirty_rate_mbps,
            message.restart_s if message.HasField("restart_s") else _VM_DEFAULTS.restart_s,
            tuple(device_needs) if device_needs else (),
        )

    def _map(self, wire: Mapping[str, ValueT]) -> Mapping[str, ValueT]:
        # items() of such a map is written in Python
        content = tuple([(key, wire[key]) for key in wire])
        known = self._maps.get(content)
        if known is None:
            known = self._maps[content] = dict(content)
        return known


def snapshot_to_proto(snapshot: Snapshot) -> pb.Snapshot:
    """The message that `snapshot_from_proto` reads back as `snapshot`."""
    return pb.Snapshot(
        hosts=[host_to_proto(host) for host in snapshot.hosts],
        vms=[vm_to_proto(vm) for vm in snapshot.vms],
        domains=[domain_to_proto(domain) for domain in snapshot.domains],
        storage_pools=[pool_to_proto(pool) for pool in snapshot.storage_pools],
        taken_at=Timestamp(seconds=snapshot.taken_at) if snapshot.taken_at else None,
        hardware_failures=snapshot.hardware_failures,
    )


def domain_from_proto(message: pb.FailureDomain) -> FailureDomain:
    """The failure domain in `message`."""
    return FailureDomain(id=message.id, kind=message.kind, parent_id=message.parent_id)


def domain_to_proto(domain: FailureDomain) -> pb.FailureDomain:
    """The message for `domain`."""
    return pb.FailureDomain(id=domain.id, kind=domain.kind, parent_id=domain.parent_id)


def pool_from_proto(message: pb.StoragePool, path: str, faults: list[Fault]) -> StoragePool:
    """The storage pool in `message`; what cannot be read is added to `faults`."""
    kind = POOL_KINDS.read(message.kind, f"{path}.kind", faults)
    return StoragePool(id=message.id, kind=kind, labels=dict(message.labels))


def pool_to_proto(pool: StoragePool) -> pb.StoragePool:
    """The message for `pool`."""
    return pb.StoragePool(id=pool.id, kind=POOL_KINDS.to_proto[pool.kind], labels=dict(pool.labels))


def host_to_proto(host: Host) -> pb.Host:
    """The message for `host`."""
    return pb.Host(
        id=host.id,
        domain_ids=host.domain_ids,
        capacity=host.capacity,
        reserved=host.reserved,
        overcommit_percent=host.overcommit_percent,
        state=HOST_STATES.to_proto[host.state],
        fencing=FENCING_STATES.to_proto[host.fencing],
        cpu_generation=host.cpu_generation,
        labels=host.labels,
        capabilities=host.capabilities,
        storage_pool_ids=host.storage_pool_ids,
        migration_slots=host.migration_slots,
        migration_bandwidth_mbps=host.migration_bandwidth_mbps,
        boot_s=host.boot_s,
    )


def vm_to_proto(vm: Vm) -> pb.Vm:
    """The message for `vm`."""
    return pb.Vm(
        id=vm.id,
        tenant=vm.tenant,
        tier=vm.tier,
        labels=vm.labels,
        group=vm.group,
        requested=vm.requested,
        guaranteed=vm.guaranteed,
        allocated=vm.allocated,
        used=vm.used,
        state=VM_STATES.to_proto[vm.state],
        host_id=vm.host_id,
        target_host_id=vm.target_host_id,
        home_host_id=vm.home_host_id,
        storage_pool_id=vm.storage_pool_id,
        migratability=MIGRATABILITIES.to_proto[vm.migratability],
        dirty_rate_mbps=vm.dirty_rate_mbps,
        restart_s=vm.restart_s,
        device_needs=vm.device_needs,
    )
