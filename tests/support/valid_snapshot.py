"""A small cluster without faults, and ways to change one thing in it."""

from __future__ import annotations

import dataclasses
from typing import Any

from trimtab_solver.snapshot import FailureDomain, Host, HostState, Snapshot, StoragePool, Vm

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
    """The cluster with its guest changed."""
    return dataclasses.replace(GOOD, vms=(dataclasses.replace(VM, **changes),))


def with_host(**changes: Any) -> Snapshot:
    """The cluster with host h1 changed."""
    return dataclasses.replace(GOOD, hosts=(dataclasses.replace(HOST, **changes), *HOSTS[1:]))


def with_domains(*domains: FailureDomain) -> Snapshot:
    """The cluster with more failure domains."""
    return dataclasses.replace(GOOD, domains=(*DOMAINS, *domains))
