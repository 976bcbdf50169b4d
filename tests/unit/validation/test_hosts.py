"""Validation of hosts and failure domains: each contradiction is named with path, value and fix."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from tests.support.valid_snapshot import DOMAINS, with_domains, with_host
from trimtab_solver.errors import Reason
from trimtab_solver.snapshot import FailureDomain, Snapshot
from trimtab_solver.validation import snapshot_faults


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


def test_very_deep_trees_are_refused() -> None:
    """A chain of domains that no data centre has costs no more time than a short one."""
    chain = [FailureDomain(f"d{i}", f"k{i}", f"d{i + 1}") for i in range(3000)]
    faults = snapshot_faults(with_domains(*chain, FailureDomain("d3000", "k")))
    assert faults[0].reason is Reason.OUT_OF_RANGE
    assert faults[0].message == 'failure domain "d0" lies in more than 64 domains, one within the other'


@pytest.mark.parametrize("length", [3, 100, 5000])
def test_a_circle_is_called_one_however_long_it_is(length: int) -> None:
    """Not a tree that is too deep; it is said once, with the first of its domains."""
    circle = [FailureDomain(f"x{i}", f"k{i}", f"x{(i + 1) % length}") for i in range(length)]
    below = [FailureDomain(f"y{i}", "below", "x1") for i in range(10)]
    (fault,) = snapshot_faults(with_domains(*below, *circle))
    assert (fault.reason, fault.path) == (Reason.DOMAIN_CYCLE, "snapshot.domains[3].parent_id")
    assert fault.message.startswith("failure domains lie in each other: x1 -> x2 -> ")
    assert fault.message.endswith(" -> x1")
    assert len(fault.message) < 120
