"""Validation: a snapshot that makes sense passes, ids are unique, sums countable, refusals complete and bounded."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from tests.support.valid_snapshot import DOMAINS, GOOD, HOST, HOSTS, VM, with_domains, with_host, with_vm
from trimtab_solver.errors import Reason, SnapshotRefusedError
from trimtab_solver.snapshot import Host, Snapshot, StoragePool, Vm, VmState
from trimtab_solver.validation import check_snapshot, snapshot_faults
from trimtab_solver.validation.fault_list import MAX_FAULTS


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
    assert snapshot_faults(dataclasses.replace(GOOD, hosts=hosts[:100], vms=vms[:100])) == []


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


def test_requests_whose_weighted_shrinkage_would_overflow_are_refused() -> None:
    """Each amount is permitted, yet the sum times the highest shrinkage cost would not fit 64 bits."""
    guests = tuple(Vm(id=f"v{n}", requested={"memory_mib": 2**40}, host_id="h0") for n in range(5000))
    faults = snapshot_faults(Snapshot(hosts=(Host(id="h0", capacity={"memory_mib": 2**40}),), vms=guests))
    assert [(fault.reason, fault.path) for fault in faults] == [(Reason.OUT_OF_RANGE, "snapshot.vms")]
    assert "shrinkage" in faults[0].message


@pytest.mark.parametrize("field", ["hosts", "vms", "domains", "storage_pools"])
def test_ids_have_a_limited_length(field: str) -> None:
    """Answers repeat them: one that is too long is named by its place, and not repeated in the fault."""
    parts = getattr(GOOD, field)
    changed: Any
    for length, expected in ((256, []), (257, [(Reason.OUT_OF_RANGE, f"snapshot.{field}[{len(parts)}].id")])):
        more = dataclasses.replace(parts[-1], id="x" * length)
        changed = {field: (*parts, more)}
        faults = snapshot_faults(dataclasses.replace(GOOD, **changed))
        assert [(fault.reason, fault.path) for fault in faults] == expected
        assert all("xx" not in str(fault) for fault in faults)
