"""A cluster small enough to reason about by hand, for the tests of the judges.

Two sites with two racks each, one host per rack: h1, h2 on site east, h3, h4 on site west. Every host has room for four
guests of one unit; tier gold may not be touched, silver may be suspended and shrunk to half, bronze may be stopped.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from tests.support.strategies import policy_of
from trimtab_solver.policy.documents import Policy, Spec
from trimtab_solver.rules.tier import Eviction, EvictionAction, Shrinking, Tier
from trimtab_solver.snapshot import FailureDomain, Host, HostState, Snapshot, Vm, VmState
from trimtab_solver.verify.case import Case
from trimtab_solver.verify.scope import Scope

TIERS: dict[str, Spec] = {
    "gold": Tier(rank=30, no_overcommit=("memory_mib",)),
    "silver": Tier(
        rank=20,
        evict=Eviction(when="true", action=EvictionAction.SUSPEND),
        resize=Shrinking(floor={"memory_mib": "50%"}, cost=3),
        allow_cold_migration=True,
    ),
    "bronze": Tier(rank=10, value=2, evict=Eviction(when="true")),
}

DOMAINS = (
    FailureDomain("east", "site"),
    FailureDomain("west", "site"),
    FailureDomain("r1", "rack", "east"),
    FailureDomain("r2", "rack", "east"),
    FailureDomain("r3", "rack", "west"),
    FailureDomain("r4", "rack", "west"),
)


def host(number: int, **changes: Any) -> Host:
    """Host h<number> in rack r<number>."""
    plain = Host(f"h{number}", (f"r{number}",), capacity={"memory_mib": 40}, labels={"ups": "yes"})
    return replace(plain, **changes)


def vm(name: str, place: str = "", tier: str = "bronze", **changes: Any) -> Vm:
    """A guest of 10 MiB that runs on `place`, or is PENDING."""
    state = VmState.RUNNING if place else VmState.PENDING
    plain = Vm(name, tier=tier, requested={"memory_mib": 10}, state=state, host_id=place)
    return replace(plain, **changes)


def snapshot(vms: Iterable[Vm], hosts: Mapping[int, dict[str, Any]] | None = None) -> Snapshot:
    """The cluster with these guests; `hosts` gives what is unusual about a host."""
    changes = hosts or {}
    return Snapshot(tuple(host(n, **changes.get(n, {})) for n in range(1, 5)), tuple(vms), DOMAINS)


def policy(**rules: Spec) -> Policy:
    """The three tiers and these rules; `_` in a name stands for `-`."""
    return policy_of({**TIERS, **{name.replace("_", "-"): spec for name, spec in rules.items()}})


def rule_scopes(found: Snapshot, **rules: Spec) -> list[Scope]:
    """The scopes of the rules, without those of suitability."""
    names = {name.replace("_", "-") for name in rules}
    return [scope for scope in Case(found, policy(**rules)).scopes if scope.rule in names]


DOWN = {"state": HostState.DOWN}
