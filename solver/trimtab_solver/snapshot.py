"""The state of a cluster at one moment: what a monitor sends, what every plan starts from.

Integers only; units are in the names. Resources are open-ended: ``cpu_milli``, ``memory_mib`` and ``disk_gib`` are the
usual ones, any other name works the same way. A snapshot is a plain value: `validation.snapshot_faults` says whether
it makes sense.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

_NONE: Mapping[str, int] = MappingProxyType({})
_NO_LABELS: Mapping[str, str] = MappingProxyType({})


class HostState(enum.StrEnum):
    """What a host can do now."""

    UP = "UP"
    DOWN = "DOWN"
    DRAINING = "DRAINING"
    """Runs guests but takes no new ones; those it has should leave."""
    MAINTENANCE = "MAINTENANCE"
    """As DRAINING: powered, but not for guests."""
    STANDBY = "STANDBY"
    """A cold spare: powered off, can be booted in `Host.boot_s` seconds."""
    DEGRADED = "DEGRADED"
    """Runs and takes guests while a part waits to be replaced."""


class FencingState(enum.StrEnum):
    """Whether a DOWN host is known to run nothing any more."""

    UNFENCED = "UNFENCED"
    """Must be fenced before any of its guests starts elsewhere."""
    FENCED = "FENCED"
    UNFENCEABLE = "UNFENCEABLE"
    """Cannot be fenced: its guests cannot be started elsewhere."""


class VmState(enum.StrEnum):
    """What a guest is doing now."""

    RUNNING = "RUNNING"
    DISPLACED = "DISPLACED"
    """Its host failed; `Vm.host_id` names that host."""
    STOPPED = "STOPPED"
    """Switched off on purpose; never started by a plan."""
    SUSPENDED = "SUSPENDED"
    """Memory image saved; wanted back, resumed on any host that may run it."""
    PENDING = "PENDING"
    """Wanted, never started or stopped earlier to make room."""
    MIGRATING = "MIGRATING"
    """On its way from `Vm.host_id` to `Vm.target_host_id`: holds room on both, is left alone."""


# asked of every guest many times, and Python 3.11 takes as long for a member of an enum as for ten attributes
_RUNNING, _MIGRATING, _STOPPED = VmState.RUNNING, VmState.MIGRATING, VmState.STOPPED
RUNNING_STATES = frozenset({_RUNNING, _MIGRATING})
"""States in which a guest holds room on a host."""


class Migratability(enum.StrEnum):
    """How a running guest may change its host."""

    LIVE = "LIVE"
    COLD = "COLD"
    NONE = "NONE"


class PoolKind(enum.StrEnum):
    """How a storage pool is built."""

    SHARED = "SHARED"
    MIRRORED = "MIRRORED"
    LOCAL = "LOCAL"


@dataclass(frozen=True, slots=True)
class FailureDomain:
    """A part of the infrastructure that fails as one: a site, room, rack, power feed."""

    id: str
    kind: str
    parent_id: str = ""


@dataclass(frozen=True, slots=True)
class StoragePool:
    """Storage that some hosts reach (`Host.storage_pool_ids`)."""

    id: str
    kind: PoolKind = PoolKind.SHARED
    labels: Mapping[str, str] = field(default_factory=lambda: _NO_LABELS)
    """What policies select pools by, such as a RAID level or that it takes snapshots."""


@dataclass(frozen=True, slots=True)
class Host:
    """A hypervisor. `domain_ids` names its lowest failure domain in every tree (rack, power feed); parents follow."""

    id: str
    domain_ids: tuple[str, ...] = ()
    capacity: Mapping[str, int] = field(default_factory=lambda: _NONE)
    reserved: Mapping[str, int] = field(default_factory=lambda: _NONE)
    overcommit_percent: Mapping[str, int] = field(default_factory=lambda: _NONE)
    """Per resource, how much of what is left after `reserved` may be promised; 100 (the default) is all of it once."""
    state: HostState = HostState.UP
    fencing: FencingState = FencingState.UNFENCED
    cpu_generation: int = 0
    """Live migration goes to the same or a higher generation only."""
    labels: Mapping[str, str] = field(default_factory=lambda: _NO_LABELS)
    capabilities: tuple[str, ...] = ()
    storage_pool_ids: tuple[str, ...] = ()
    migration_slots: int = 2
    migration_bandwidth_mbps: int = 10_000
    boot_s: int = 180


@dataclass(frozen=True, slots=True)
class Vm:
    """A guest. `requested` is what it should have, `guaranteed` what it must have, `allocated` what it has now."""

    id: str
    tenant: str = ""
    tier: str = ""
    labels: Mapping[str, str] = field(default_factory=lambda: _NO_LABELS)
    group: str = ""
    """Application group: guests that serve one application."""
    requested: Mapping[str, int] = field(default_factory=lambda: _NONE)
    guaranteed: Mapping[str, int] = field(default_factory=lambda: _NONE)
    allocated: Mapping[str, int] = field(default_factory=lambda: _NONE)
    """Now held per resource; a resource not named is held as requested."""
    used: Mapping[str, int] = field(default_factory=lambda: _NONE)
    state: VmState = VmState.RUNNING
    host_id: str = ""
    target_host_id: str = ""
    home_host_id: str = ""
    storage_pool_id: str = ""
    migratability: Migratability = Migratability.LIVE
    dirty_rate_mbps: int = 0
    restart_s: int = 30
    device_needs: tuple[str, ...] = ()
    """Capabilities its host must have."""

    @property
    def is_wanted(self) -> bool:
        """Whether it should be running."""
        return self.state is not _STOPPED

    @property
    def is_running(self) -> bool:
        """Whether it holds room on a host now."""
        return self.state in RUNNING_STATES

    @property
    def place(self) -> str:
        """The host it runs on, or will in a moment (MIGRATING); empty when it does not run."""
        if self.state is _MIGRATING:
            return self.target_host_id
        return self.host_id if self.state is _RUNNING else ""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A cluster at `taken_at` (seconds since the epoch, 0 when unknown)."""

    hosts: tuple[Host, ...] = ()
    vms: tuple[Vm, ...] = ()
    domains: tuple[FailureDomain, ...] = ()
    storage_pools: tuple[StoragePool, ...] = ()
    taken_at: int = 0
    hardware_failures: int | None = None
    """Root causes behind the present failures when the monitor knows them; else counted from the failed hosts."""
