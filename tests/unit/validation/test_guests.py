"""Validation of guests: each contradiction is named with path, value and fix."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.valid_snapshot import with_vm
from trimtab_solver.errors import Reason
from trimtab_solver.snapshot import VmState
from trimtab_solver.validation import snapshot_faults


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
