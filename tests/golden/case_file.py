"""The format of a golden case: policy, state, what happens step by step, and what is wanted.

A state is written per guest and host, everything else has defaults; see `states/three-sites.yaml`. The keys of a guest
that mean nothing else are labels.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

import yaml
from pydantic import BaseModel, ConfigDict, Field

from trimtab_solver.actions import ActionKind
from trimtab_solver.authoring.loader import load_policy
from trimtab_solver.outcome import Outcome
from trimtab_solver.policy.documents import Policy
from trimtab_solver.snapshot import FailureDomain, Host, HostState, PoolKind, Snapshot, StoragePool, Vm

_HERE = Path(__file__).parent

Size = dict[str, Annotated[int, Field(ge=0)]]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Want(_Strict):
    """What must hold of the answer; what is not written is not checked."""

    outcome: Outcome
    hardware_failures: int | None = None
    down: dict[str, int] | None = None
    """Per tier, how many wanted guests do not run in the end."""
    may_go_down: list[str] | None = None
    """The tiers of which running guests may be stopped or suspended, be it for a moment."""
    running: list[str] = []
    """Guests that run in the end, and of those that ran, none was stopped or suspended."""
    places: dict[str, str] = {}
    shrunk: list[str] | None = None
    """All guests that have less than they ask for in the end."""
    levels: dict[str, int] = {}
    bounds: dict[str, int] = {}
    actions: dict[ActionKind, int] | None = None
    """How many of each kind, no others."""


class Step(_Strict):
    """Hosts that change their state, and the answer to that."""

    story: str
    event: dict[str, list[str]]
    want: Want

    @property
    def changes(self) -> Mapping[HostState, set[str]]:
        """The hosts by the state they go to."""
        return {HostState(state.upper()): set(hosts) for state, hosts in self.event.items()}


class _Pool(_Strict):
    kind: PoolKind = PoolKind.SHARED
    labels: dict[str, str] = {}
    hosts: list[str]
    """Those that reach it."""


class _State(_Strict):
    sites: dict[str, list[str]]
    each_host: Size
    hosts: dict[str, Size] = {}
    standby: list[str] = []
    pools: dict[str, _Pool] = {}
    each_guest: Size
    guests: dict[str, dict[str, Any]]

    def snapshot(self) -> Snapshot:
        return Snapshot(
            hosts=tuple(self._host(host_id, site) for site, ids in self.sites.items() for host_id in ids),
            vms=tuple(self._vm(vm_id, dict(about)) for vm_id, about in self.guests.items()),
            domains=tuple(FailureDomain(site, "site") for site in self.sites),
            storage_pools=tuple(StoragePool(name, pool.kind, pool.labels) for name, pool in self.pools.items()),
        )

    def _host(self, host_id: str, site: str) -> Host:
        state = HostState.STANDBY if host_id in self.standby else HostState.UP
        capacity = {**self.each_host, **self.hosts.get(host_id, {})}
        reached = tuple(name for name, pool in self.pools.items() if host_id in pool.hosts)
        return Host(host_id, (site,), capacity=capacity, state=state, storage_pool_ids=reached)

    def _vm(self, vm_id: str, about: dict[str, Any]) -> Vm:
        tier, host_id, pool = about.pop("tier"), about.pop("host"), about.pop("pool", "")
        requested = {resource: about.pop(resource, amount) for resource, amount in self.each_guest.items()}
        return Vm(vm_id, tier=tier, labels=about, requested=requested, host_id=host_id, storage_pool_id=pool)


class _File(_Strict):
    description: str
    policy: list[str]
    state: str | _State
    steps: list[Step]


@dataclass(frozen=True, slots=True)
class GoldenCase:
    """A story of a cluster with the answers that are right."""

    name: str
    policy: Policy
    snapshot: Snapshot
    steps: list[Step] = field(repr=False)


def read_case(path: Path) -> GoldenCase:
    """The case in the file."""
    file = _File.model_validate(_yaml(path))
    state = file.state
    if isinstance(state, str):
        state = _State.model_validate(_yaml(_HERE / "states" / state))
    policy = load_policy([_HERE / "policies" / name for name in file.policy])
    return GoldenCase(path.stem, policy, state.snapshot(), file.steps)


def case_files() -> list[Path]:
    """Every case there is."""
    return sorted((_HERE / "cases").glob("*.yaml"))


def _yaml(path: Path) -> Any:
    return yaml.safe_load(path.read_text())
