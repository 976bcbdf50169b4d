"""PolicyTest: a small cluster, what happens to it, and what the policy must make of that.

A document of this kind lies beside the rules it tests. It is no rule: it constrains nothing, and the digest of a
policy does not depend on it. `trimtab_solver.review.testing` runs it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import Annotated, Final, Self

from pydantic import Field, model_validator

from ..errors import Reason
from ..policy.documents import Spec, Strict
from ..policy.moments import Moment
from ..scenarios.expectation import PlanExpectation
from ..scenarios.scenario import Amount, Scenario
from ..snapshot import FencingState, HostState, Migratability, PoolKind, VmState

MAX_PARTS: Final = 20_000
"""How many hosts, and how many guests, the fixtures of one test may stand for."""
_RANGE: Final = re.compile(r"(?P<head>.*)\[(?P<first>\d{1,4})-(?P<last>\d{1,4})\](?P<tail>.*)", re.DOTALL)

Amounts = dict[str, Amount]


class DomainFixture(Strict):
    """A failure domain."""

    kind: str
    """site, room, rack, power feed, ... as the rules' `topology` names it."""
    parent: str = ""
    """The domain it lies in."""


class PoolFixture(Strict):
    """A storage pool."""

    kind: PoolKind = Field(default=PoolKind.SHARED, strict=False)
    labels: dict[str, str] = {}


class HostFixture(Strict):
    """A host. Fields are those of a snapshot; all have defaults."""

    domains: tuple[str, ...] = Field(default=(), strict=False)
    """Its lowest failure domain in every tree."""
    capacity: Amounts = {"cpu_milli": 64_000, "memory_mib": 262_144}
    """Merged by key, so that a test about rules alone need not say how large anything is."""
    reserved: Amounts = {}
    overcommit_percent: Amounts = {}
    state: HostState = Field(default=HostState.UP, strict=False)
    fencing: FencingState = Field(default=FencingState.UNFENCED, strict=False)
    cpu_generation: Amount = 0
    labels: dict[str, str] = {}
    capabilities: tuple[str, ...] = Field(default=(), strict=False)
    storage_pools: tuple[str, ...] = Field(default=(), strict=False)
    migration_slots: Amount = 2
    migration_bandwidth_mbps: Amount = 10_000
    boot_s: Amount = 180


class VmFixture(Strict):
    """A guest. Fields are those of a snapshot; one with a `host` is RUNNING unless `state` says otherwise."""

    tier: str = ""
    tenant: str = ""
    labels: dict[str, str] = {}
    group: str = ""
    requested: Amounts = {"cpu_milli": 1000, "memory_mib": 1024}
    """Merged by key."""
    guaranteed: Amounts = {}
    allocated: Amounts = {}
    used: Amounts = {}
    state: VmState | None = Field(default=None, strict=False)
    """By default RUNNING with a `host`, PENDING without."""
    host: str = ""
    target_host: str = ""
    home_host: str = ""
    storage_pool: str = ""
    migratability: Migratability = Field(default=Migratability.LIVE, strict=False)
    dirty_rate_mbps: Amount = 0
    restart_s: Amount = 30
    device_needs: tuple[str, ...] = Field(default=(), strict=False)


class Fixtures(Strict):
    """A cluster. An id such as ``web-[1-4]`` stands for ``web-1`` to ``web-4``; at most 20,000 of each."""

    domains: dict[str, DomainFixture] = {}
    storage_pools: dict[str, PoolFixture | Annotated[PoolKind, Field(strict=False)]] = {}
    """The kind of each, or kind and labels."""
    each_host: HostFixture = HostFixture()
    """What every host has unless it says otherwise; amounts and labels are merged by key."""
    each_vm: VmFixture = VmFixture()
    hosts: dict[str, HostFixture] = Field(min_length=1)
    vms: dict[str, VmFixture] = {}

    @model_validator(mode="after")
    def _is_small(self) -> Self:
        for what, keys in (("hosts", self.hosts), ("vms", self.vms)):
            number = sum(_count(key) for key in keys)
            if number > MAX_PARTS:
                raise ValueError(f"{what} stand for {number}, the limit is {MAX_PARTS}; use a snapshot file")
        return self


def ids_of(key: str) -> Iterator[str]:
    """Each id that a key of fixtures stands for."""
    span = _RANGE.fullmatch(key)
    if span is None:
        yield key
        return
    for number in range(int(span["first"]), int(span["last"]) + 1):
        yield f"{span['head']}{number:0{len(span['first'])}d}{span['tail']}"


def _count(key: str) -> int:
    span = _RANGE.fullmatch(key)
    return 1 if span is None else max(int(span["last"]) - int(span["first"]) + 1, 0)


class Expectation(Strict):
    """What must hold. What is not written is not checked."""

    violations: tuple[str, ...] | None = Field(default=None, strict=False)
    """Exactly these rules are broken before anything is planned; also ``(suitability)`` and ``(room)``."""
    amounts: dict[str, Amount] = {}
    """By rule, how far it is broken before anything is planned (docs/concepts.md, "amounts of breach")."""
    evictable: tuple[str, ...] | None = Field(default=None, strict=False)
    """Exactly these running guests may be stopped or suspended to make room."""
    shrinkable: tuple[str, ...] | None = Field(default=None, strict=False)
    """Exactly these running guests may get less than they have now."""
    refused: Reason | None = Field(default=None, strict=False)
    """The policy or the cluster is refused for this reason."""
    plan: PlanExpectation | None = None

    @model_validator(mode="after")
    def _expects_something(self) -> Self:
        if not self.model_fields_set:
            raise ValueError("expect needs at least one of violations, amounts, evictable, shrinkable, refused, plan")
        if self.refused is not None and len(self.model_fields_set) > 1:
            raise ValueError("a case that is refused has nothing else to expect")
        return self


class PolicyTestCase(Scenario):
    """One thing that must hold after what happens: a scenario, and what is expected of the state that it ends in."""

    # the name is a sentence: it is the name of the test in reports
    at: Moment | None = None
    """The time of the snapshot, for rules with a window."""
    placement: dict[str, str] = {}
    """Guests that run on another host than the fixtures say; "" takes one down (PENDING)."""
    expect: Expectation

    @model_validator(mode="after")
    def _tests_one_policy(self) -> Self:
        if any(step.policy is not None for _, step in self.each_step()):
            raise ValueError("a test is about the policy beside it: no step changes the policy")
        return self


class PolicyTest(Spec):
    """Cases on one cluster, given inline or as a snapshot file."""

    at: Moment | None = None
    """The time of the snapshot in all cases that do not name their own."""
    fixtures: Fixtures | None = None
    snapshot: str | None = None
    """A snapshot file, relative to the folder of this file."""
    cases: tuple[PolicyTestCase, ...] = Field(min_length=1, strict=False)

    @model_validator(mode="after")
    def _has_one_cluster(self) -> Self:
        if (self.fixtures is None) == (self.snapshot is None):
            raise ValueError("a test has either fixtures or a snapshot file")
        names = Counter(case.name for case in self.cases)
        if twice := next((name for name, number in names.items() if number > 1), None):
            raise ValueError(f'two cases are called "{twice}"')
        return self
