"""Validation: each contradiction in a snapshot is named with path, value and fix, and nothing else is."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from trimtab_solver.errors import Reason, SnapshotRefusedError
from trimtab_solver.fault_list import MAX_FAULTS
from trimtab_solver.snapshot import (
    FailureDomain,
    Host,
    HostState,
    Snapshot,
    StoragePool,
    Vm,
    VmState,
)
from trimtab_solver.validation import check_snapshot, snapshot_faults

DOMAINS = (
    FailureDomain("site-1", "site"),
    FailureDomain("rack-1", "rack", "site-1"),
    FailureDomain("feed-a", "feed", "site-1"),
)
HOST = Host(
    "h1",
    ("rack-1", "feed-a"),
    capacity={"cpu_milli": 8000, "memory_mib": 16_384},
    reserved={"cpu_milli": 500},
    overcommit_percent={"cpu_milli": 400},
    storage_pool_ids=("p1",),
)
HOSTS = (
    HOST,
    dataclasses.replace(HOST, id="h2", state=HostState.DRAINING),
    dataclasses.replace(HOST, id="down", state=HostState.DOWN),
    dataclasses.replace(HOST, id="spare", state=HostState.STANDBY),
)
VM = Vm(
    "a",
    requested={"cpu_milli": 1000, "memory_mib": 2048},
    guaranteed={"cpu_milli": 500},
    allocated={"cpu_milli": 800},
    used={"cpu_milli": 3000},
    host_id="h1",
    home_host_id="h2",
    storage_pool_id="p1",
)
GOOD = Snapshot(HOSTS, (VM,), DOMAINS, (StoragePool("p1"),))


def with_vm(**changes: Any) -> Snapshot:
    return dataclasses.replace(GOOD, vms=(dataclasses.replace(VM, **changes),))


def with_host(**changes: Any) -> Snapshot:
    return dataclasses.replace(GOOD, hosts=(dataclasses.replace(HOST, **changes), *HOSTS[1:]))


def with_domains(*domains: FailureDomain) -> Snapshot:
    return dataclasses.replace(GOOD, domains=(*DOMAINS, *domains))


def test_a_snapshot_that_makes_sense_has_no_faults() -> None:
    """Every state that may occur passes."""
    vms = (
        VM,
        dataclasses.replace(VM, id="b", host_id="h2"),
        dataclasses.replace(VM, id="c", state=VmState.DISPLACED, host_id="down"),
        dataclasses.replace(VM, id="d", state=VmState.DISPLACED, host_id=""),
        dataclasses.replace(VM, id="e", state=VmState.MIGRATING, target_host_id="h2"),
        dataclasses.replace(VM, id="f", state=VmState.STOPPED, host_id=""),
        dataclasses.replace(VM, id="g", state=VmState.PENDING, host_id="down"),
        dataclasses.replace(VM, id="h", state=VmState.SUSPENDED, host_id="h1"),
        dataclasses.replace(
            VM,
            id="i",
            requested={"cpu_milli": 1, "gpu": 0},
            guaranteed={},
            allocated={},
        ),
    )
    snapshot = dataclasses.replace(GOOD, vms=vms, hardware_failures=0, taken_at=1)
    assert snapshot_faults(snapshot) == []
    check_snapshot(snapshot)


@pytest.mark.parametrize(
    ("snapshot", "reason", "path", "message"),
    [
        (
            Snapshot(),
            Reason.EMPTY_CLUSTER,
            "snapshot.hosts",
            "the cluster has no hosts",
        ),
        (
            dataclasses.replace(GOOD, hardware_failures=-1),
            Reason.OUT_OF_RANGE,
            "snapshot.hardware_failures",
            "hardware_failures is -1",
        ),
        (
            dataclasses.replace(GOOD, taken_at=-5),
            Reason.OUT_OF_RANGE,
            "snapshot.taken_at",
            "taken_at is -5",
        ),
        (
            dataclasses.replace(GOOD, hosts=(*HOSTS, HOST)),
            Reason.DUPLICATE_ID,
            "snapshot.hosts[4].id",
            'the host "h1" is the same as snapshot.hosts[0]',
        ),
        (
            dataclasses.replace(GOOD, vms=(VM, VM)),
            Reason.DUPLICATE_ID,
            "snapshot.vms[1].id",
            'the guest "a" is the same as snapshot.vms[0]',
        ),
        (
            with_domains(DOMAINS[0]),
            Reason.DUPLICATE_ID,
            "snapshot.domains[3].id",
            'the failure domain "site-1" is the same as snapshot.domains[0]',
        ),
        (
            dataclasses.replace(GOOD, storage_pools=(StoragePool("p1"), StoragePool("p1"))),
            Reason.DUPLICATE_ID,
            "snapshot.storage_pools[1].id",
            'the storage pool "p1" is the same as snapshot.storage_pools[0]',
        ),
        (
            with_vm(id=""),
            Reason.INVALID_REQUEST,
            "snapshot.vms[0].id",
            "the guest has no id",
        ),
    ],
)
def test_parts_have_ids_of_their_own(snapshot: Snapshot, reason: Reason, path: str, message: str) -> None:
    """The cluster as a whole, and the id of each part."""
    (fault,) = snapshot_faults(snapshot)
    assert (fault.reason, fault.path, fault.message) == (reason, path, message)
    assert fault.fix


@pytest.mark.parametrize(
    ("snapshot", "reason", "path", "message"),
    [
        (
            with_domains(FailureDomain("x", "")),
            Reason.INVALID_REQUEST,
            "snapshot.domains[3].kind",
            'failure domain "x" has no kind',
        ),
        (
            with_domains(FailureDomain("x", "host")),
            Reason.INVALID_REQUEST,
            "snapshot.domains[3].kind",
            'failure domain "x" has the kind "host"',
        ),
        (
            with_domains(FailureDomain("host/h1", "rack")),
            Reason.INVALID_REQUEST,
            "snapshot.domains[3].id",
            'failure domain "host/h1" has a reserved id',
        ),
        (
            with_domains(FailureDomain("x", "room", "site-2")),
            Reason.UNKNOWN_REFERENCE,
            "snapshot.domains[3].parent_id",
            'failure domain "x" names the failure domain "site-2", which the snapshot does not hold',
        ),
        (
            with_domains(
                FailureDomain("x", "row", "y"),
                FailureDomain("y", "room", "z"),
                FailureDomain("z", "hall", "y"),
            ),
            Reason.DOMAIN_CYCLE,
            "snapshot.domains[3].parent_id",
            "failure domains lie in each other: y -> z -> y",
        ),
        (
            with_domains(FailureDomain("x", "room", "x")),
            Reason.DOMAIN_CYCLE,
            "snapshot.domains[3].parent_id",
            "failure domains lie in each other: x -> x",
        ),
        (
            with_domains(FailureDomain("x", "rack", "rack-1")),
            Reason.INCONSISTENT_STATE,
            "snapshot.domains[3].parent_id",
            'failure domain "x" lies in "rack-1", which is of the same kind "rack"',
        ),
        (
            with_host(domain_ids=("rack-1", "rack-9")),
            Reason.UNKNOWN_REFERENCE,
            "snapshot.hosts[0].domain_ids[1]",
            'host "h1" names the failure domain "rack-9", which the snapshot does not hold',
        ),
        (
            dataclasses.replace(
                with_host(domain_ids=("rack-1", "rack-2")),
                domains=(*DOMAINS, FailureDomain("rack-2", "rack", "site-1")),
            ),
            Reason.INCONSISTENT_STATE,
            "snapshot.hosts[0].domain_ids",
            'host "h1" lies in two domains of kind "rack": rack-1 and rack-2',
        ),
        (
            dataclasses.replace(
                with_host(domain_ids=("rack-1", "feed-b")),
                domains=(
                    *DOMAINS,
                    FailureDomain("feed-b", "feed", "site-2"),
                    FailureDomain("site-2", "site"),
                ),
            ),
            Reason.INCONSISTENT_STATE,
            "snapshot.hosts[0].domain_ids",
            'host "h1" lies in two domains of kind "site": site-1 and site-2',
        ),
    ],
)
def test_domains_form_trees(snapshot: Snapshot, reason: Reason, path: str, message: str) -> None:
    """Failure domains have a kind, known parents, no cycles; a host lies in one of a kind."""
    (fault,) = snapshot_faults(snapshot)
    assert (fault.reason, fault.path, fault.message) == (reason, path, message)
    assert fault.fix


@pytest.mark.parametrize(
    ("changes", "reason", "path", "message"),
    [
        (
            {"storage_pool_ids": ("p2",)},
            Reason.UNKNOWN_REFERENCE,
            "storage_pool_ids[0]",
            'host "h1" names the storage pool "p2", which the snapshot does not hold',
        ),
        (
            {"capacity": {}, "reserved": {}},
            Reason.OUT_OF_RANGE,
            "capacity",
            'capacity of host "h1" holds nothing',
        ),
        (
            {"capacity": {"cpu_milli": 8000, "memory_mib": 0}},
            Reason.OUT_OF_RANGE,
            'capacity["memory_mib"]',
            'capacity memory_mib of host "h1" is 0',
        ),
        (
            {"capacity": {"cpu_milli": 8000, "nvidia.com/gpu": -1}},
            Reason.OUT_OF_RANGE,
            'capacity["nvidia.com/gpu"]',
            'capacity["nvidia.com/gpu"] of host "h1" is -1',
        ),
        (
            {"capacity": {"cpu_milli": 8000, "disk_gib": (1 << 40) + 1}},
            Reason.OUT_OF_RANGE,
            'capacity["disk_gib"]',
            f'capacity["disk_gib"] of host "h1" is {(1 << 40) + 1}',
        ),
        (
            {"capacity": {"cpu_milli": 8000, "": 1}},
            Reason.INVALID_REQUEST,
            'capacity[""]',
            'a resource of host "h1" has no name',
        ),
        (
            {"reserved": {"cpu_milli": 9000}},
            Reason.OUT_OF_RANGE,
            'reserved["cpu_milli"]',
            'reserved cpu_milli of host "h1" is 9000, more than its capacity of 8000',
        ),
        (
            {"reserved": {"disk_gib": 1}},
            Reason.OUT_OF_RANGE,
            'reserved["disk_gib"]',
            'reserved disk_gib of host "h1" is 1, more than its capacity of 0',
        ),
        (
            {"reserved": {"cpu_milli": -1}},
            Reason.OUT_OF_RANGE,
            'reserved["cpu_milli"]',
            'reserved["cpu_milli"] of host "h1" is -1',
        ),
        (
            {"overcommit_percent": {"cpu_milli": 5}},
            Reason.OUT_OF_RANGE,
            'overcommit_percent["cpu_milli"]',
            'overcommit_percent["cpu_milli"] of host "h1" is 5',
        ),
        (
            {"overcommit_percent": {"cpu_milli": 10_001}},
            Reason.OUT_OF_RANGE,
            'overcommit_percent["cpu_milli"]',
            'overcommit_percent["cpu_milli"] of host "h1" is 10001',
        ),
        (
            {"migration_slots": -1},
            Reason.OUT_OF_RANGE,
            "migration_slots",
            'migration_slots of host "h1" is -1',
        ),
        (
            {"migration_slots": 1025},
            Reason.OUT_OF_RANGE,
            "migration_slots",
            'migration_slots of host "h1" is 1025',
        ),
        (
            {"migration_bandwidth_mbps": 0},
            Reason.OUT_OF_RANGE,
            "migration_bandwidth_mbps",
            'migration_bandwidth_mbps of host "h1" is 0',
        ),
        ({"boot_s": -1}, Reason.OUT_OF_RANGE, "boot_s", 'boot_s of host "h1" is -1'),
        (
            {"cpu_generation": -1},
            Reason.OUT_OF_RANGE,
            "cpu_generation",
            'cpu_generation of host "h1" is -1',
        ),
    ],
)
def test_hosts_have_amounts_that_make_sense(changes: dict[str, Any], reason: Reason, path: str, message: str) -> None:
    """Each wrong field of a host is one fault."""
    (fault,) = snapshot_faults(with_host(**changes))
    assert (fault.reason, fault.path, fault.message) == (
        reason,
        f"snapshot.hosts[0].{path}",
        message,
    )
    assert fault.fix


@pytest.mark.parametrize(
    ("changes", "reason", "path", "message"),
    [
        (
            {"home_host_id": "h3"},
            Reason.UNKNOWN_REFERENCE,
            "home_host_id",
            'guest "a" names the host "h3", which the snapshot does not hold',
        ),
        (
            {"storage_pool_id": "p2"},
            Reason.UNKNOWN_REFERENCE,
            "storage_pool_id",
            'guest "a" names the storage pool "p2", which the snapshot does not hold',
        ),
        (
            {"requested": {"cpu_mili": 1}, "guaranteed": {}, "allocated": {}},
            Reason.UNKNOWN_REFERENCE,
            'requested["cpu_mili"]',
            'guest "a" names the resource "cpu_mili", which the snapshot does not hold',
        ),
        (
            {"requested": {}, "guaranteed": {}, "allocated": {}},
            Reason.OUT_OF_RANGE,
            "requested",
            'guest "a" requests nothing',
        ),
        (
            {"requested": {"cpu_milli": 0}, "guaranteed": {}, "allocated": {}},
            Reason.OUT_OF_RANGE,
            "requested",
            'guest "a" requests nothing',
        ),
        (
            {"requested": {"cpu_milli": 1000, "memory_mib": -4}},
            Reason.OUT_OF_RANGE,
            'requested["memory_mib"]',
            'requested["memory_mib"] of guest "a" is -4',
        ),
        (
            {"requested": {"cpu_milli": (1 << 40) + 1}},
            Reason.OUT_OF_RANGE,
            'requested["cpu_milli"]',
            f'requested["cpu_milli"] of guest "a" is {(1 << 40) + 1}',
        ),
        (
            {"guaranteed": {"cpu_milli": 1001}},
            Reason.OUT_OF_RANGE,
            'guaranteed["cpu_milli"]',
            'guaranteed cpu_milli of guest "a" is 1001, more than its request of 1000',
        ),
        (
            {"guaranteed": {"gpu": 1}},
            Reason.OUT_OF_RANGE,
            'guaranteed["gpu"]',
            'guaranteed gpu of guest "a" is 1, more than its request of 0',
        ),
        (
            {"allocated": {"memory_mib": 2049}},
            Reason.OUT_OF_RANGE,
            'allocated["memory_mib"]',
            'allocated memory_mib of guest "a" is 2049, more than its request of 2048',
        ),
        (
            {"allocated": {"memory_mib": -1}},
            Reason.OUT_OF_RANGE,
            'allocated["memory_mib"]',
            'allocated["memory_mib"] of guest "a" is -1',
        ),
        (
            {"used": {"memory_mib": -1}},
            Reason.OUT_OF_RANGE,
            'used["memory_mib"]',
            'used["memory_mib"] of guest "a" is -1',
        ),
        (
            {"restart_s": -1},
            Reason.OUT_OF_RANGE,
            "restart_s",
            'restart_s of guest "a" is -1',
        ),
        (
            {"dirty_rate_mbps": -1},
            Reason.OUT_OF_RANGE,
            "dirty_rate_mbps",
            'dirty_rate_mbps of guest "a" is -1',
        ),
    ],
)
def test_guests_ask_for_what_makes_sense(changes: dict[str, Any], reason: Reason, path: str, message: str) -> None:
    """Each wrong amount or name of a guest is one fault."""
    (fault,) = snapshot_faults(with_vm(**changes))
    assert (fault.reason, fault.path, fault.message) == (
        reason,
        f"snapshot.vms[0].{path}",
        message,
    )
    assert fault.fix


@pytest.mark.parametrize(
    ("changes", "path", "message"),
    [
        (
            {"host_id": "down"},
            "host_id",
            'guest "a" is RUNNING on host "down", which is DOWN',
        ),
        (
            {"host_id": "spare"},
            "host_id",
            'guest "a" is RUNNING on host "spare", which is STANDBY',
        ),
        ({"host_id": ""}, "host_id", 'guest "a" is RUNNING but names no host'),
        (
            {"target_host_id": "h2"},
            "target_host_id",
            'target_host_id of guest "a" is "h2" but its state is RUNNING',
        ),
        (
            {"state": VmState.DISPLACED},
            "host_id",
            'guest "a" is DISPLACED from host "h1", which is UP',
        ),
        (
            {"state": VmState.MIGRATING},
            "target_host_id",
            'guest "a" is MIGRATING but names no target',
        ),
        (
            {"state": VmState.MIGRATING, "target_host_id": "h1"},
            "target_host_id",
            'guest "a" is MIGRATING from host "h1" to the same host',
        ),
        (
            {"state": VmState.MIGRATING, "target_host_id": "spare"},
            "target_host_id",
            'guest "a" is MIGRATING to host "spare", which is STANDBY',
        ),
        (
            {"state": VmState.MIGRATING, "host_id": "down", "target_host_id": "h1"},
            "host_id",
            'guest "a" is MIGRATING on host "down", which is DOWN',
        ),
        (
            {"state": VmState.MIGRATING, "host_id": "", "target_host_id": "h1"},
            "host_id",
            'guest "a" is MIGRATING but names no host',
        ),
    ],
)
def test_states_agree_with_hosts(changes: dict[str, Any], path: str, message: str) -> None:
    """Where a guest is, what it does and how its host is do not contradict each other."""
    (fault,) = snapshot_faults(with_vm(**changes))
    assert (fault.reason, fault.path) == (
        Reason.INCONSISTENT_STATE,
        f"snapshot.vms[0].{path}",
    )
    assert fault.message == message
    assert fault.fix


@pytest.mark.parametrize("field", ["host_id", "target_host_id"])
def test_unknown_hosts_come_with_a_suggestion(field: str) -> None:
    """A misspelt host is told apart from a host that is down."""
    changes = {"state": VmState.MIGRATING, "target_host_id": "h2"} | {field: "sparre"}
    (fault,) = snapshot_faults(with_vm(**changes))
    assert (fault.reason, fault.path) == (
        Reason.UNKNOWN_REFERENCE,
        f"snapshot.vms[0].{field}",
    )
    assert fault.fix == 'did you mean "spare"?'


def test_sums_stay_countable() -> None:
    """Amounts that are fine one by one may not add up to what 64-bit arithmetic cannot hold."""
    large = 1 << 40
    host = dataclasses.replace(
        HOST,
        capacity={"cpu_milli": large},
        overcommit_percent={"cpu_milli": 10_000},
        reserved={},
    )
    hosts = tuple(dataclasses.replace(host, id=f"h{i}") for i in range(500))
    vms = tuple(Vm(f"v{i}", requested={"cpu_milli": large}, host_id="h1", storage_pool_id="p1") for i in range(500))
    faults = snapshot_faults(dataclasses.replace(GOOD, hosts=hosts, vms=vms))
    assert [(fault.reason, fault.path) for fault in faults] == [
        (Reason.OUT_OF_RANGE, "snapshot.vms"),
        (Reason.OUT_OF_RANGE, "snapshot.hosts"),
    ]
    assert "overcommit of 10000 percent" in faults[0].message
    assert snapshot_faults(dataclasses.replace(GOOD, hosts=hosts[:400], vms=vms[:400])) == []


def test_very_deep_trees_are_refused() -> None:
    """A chain of domains that no data centre has costs no more time than a short one."""
    chain = tuple(FailureDomain(f"d{i}", f"k{i}", f"d{i + 1}") for i in range(3000)) + (FailureDomain("d3000", "k"),)
    faults = snapshot_faults(with_domains(*chain))
    assert faults[0].reason is Reason.OUT_OF_RANGE
    assert faults[0].message == 'failure domain "d0" lies in more than 64 domains, one within the other'


def test_all_faults_are_reported_at_once() -> None:
    """One refusal names everything that is wrong, in order."""
    with pytest.raises(SnapshotRefusedError) as refusal:
        check_snapshot(
            dataclasses.replace(
                with_host(boot_s=-1),
                vms=(dataclasses.replace(VM, host_id="x", restart_s=-1),),
            )
        )
    assert [fault.path for fault in refusal.value.faults] == [
        "snapshot.hosts[0].boot_s",
        "snapshot.vms[0].host_id",
        "snapshot.vms[0].restart_s",
    ]
    assert refusal.value.reason is Reason.OUT_OF_RANGE


def test_thousands_of_faults_are_cut_short_with_their_number() -> None:
    """Beyond the limit faults are only counted."""
    vms = tuple(dataclasses.replace(VM, id=f"v{i}", host_id="nowhere") for i in range(MAX_FAULTS + 7))
    faults = snapshot_faults(dataclasses.replace(GOOD, vms=vms))
    assert len(faults) == MAX_FAULTS + 1
    assert faults[-1].message == "7 more faults are not shown"
