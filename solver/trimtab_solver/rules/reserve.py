"""Reserve: room that protected guests leave free, so that they can restart after a failure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated, Self

import numpy as np
from pydantic import Field, field_validator, model_validator

from ..policy.documents import Document, RuleSpec, Selector
from ..policy.fields import DomainKind, ResourceName, VmSelector
from ..primitives.headroom import Headroom
from ..snapshot import Host, HostState
from .context import Context

OFFERING = frozenset({HostState.UP, HostState.DEGRADED, HostState.STANDBY})
"""States of hosts that a reserve is made of: a cold spare can be booted when it is needed."""
_PERCENT = re.compile(r"^(100|[1-9][0-9]?)%$")


class Reserve(RuleSpec):
    """What protected guests request leaves free as much as the largest hosts offer, or a share, in each domain.

    Guests that are not protected do not count: they make way for those that are. A breach counts, per domain and
    resource, what is missing in percent of what the hosts of the domain offer, rounded up. Of a domain that offers
    nothing it is in percent of what all protected guests request.
    """

    hosts: Annotated[int, Field(ge=1, le=1000)] | None = None
    """So many hosts may fail: the largest ones, of each resource. Either this or `share`."""
    share: str | None = None
    """The share of what the hosts offer that stays free, such as "10%"."""
    within: DomainKind | None = None
    """The kind of failure domain each of which has its own reserve; without it the cluster has one."""
    protects: VmSelector = Selector(cel="true")
    """The guests that must find room after the failure; by default all."""
    resources: tuple[ResourceName, ...] | None = Field(default=None, strict=False)
    """The resources that are reserved; by default all that guests request."""

    @field_validator("share")
    @classmethod
    def _percent(cls, value: str | None) -> str | None:
        if value is not None and not _PERCENT.match(value):
            raise ValueError(f'share is "{value}"; write a whole percentage in quotes such as "10%"')
        return value

    @model_validator(mode="after")
    def _says_how_much(self) -> Self:
        if (self.hosts is None) == (self.share is None):
            raise ValueError("Reserve needs either hosts or share")
        return self

    def usable(self, offers: list[int]) -> int:
        """What protected guests may use of what each host of a domain offers."""
        if self.share is not None:
            return sum(offers) * (100 - int(self.share[:-1])) // 100
        assert self.hosts is not None, "one of the two is given"
        return sum(sorted(offers)[: -self.hosts])


def offer(host: Host, resource: str) -> int:
    """What the host offers with its overcommit ratio, in whole units."""
    free = host.capacity.get(resource, 0) - host.reserved.get(resource, 0)
    return free * host.overcommit_percent.get(resource, 100) // 100


def compile_reserve(document: Document, spec: Reserve, context: Context) -> Iterator[Headroom]:
    """One headroom per resource."""
    domains = context.everywhere()
    if spec.within is not None:
        domains = context.domain(document, "spec.within", spec.within, is_must=spec.is_must)
    snapshot = context.selection.reading("host.state", "vm.requested")
    chosen = set(context.chosen(document, spec, "spec.protects", spec.protects))
    vm_index, host_index = context.vm_index, context.host_index
    vms = [vm for vm in snapshot.vms if vm.id in chosen and vm.id in vm_index]
    wanted = context.selection.wanted
    for resource in sorted({r for vm in vms for r in vm.requested}):
        asking = [vm for vm in vms if vm.requested.get(resource, 0)]
        if not asking or (spec.resources is not None and resource not in spec.resources):
            continue
        offers: list[list[int]] = [[] for _ in range(domains.count)]
        for host in snapshot.hosts:
            if host.state in OFFERING:
                offers[domains.of_host[host_index[host.id]]].append(offer(host, resource))
        demand = np.array([vm.requested[resource] for vm in asking], dtype=np.int64)
        whole = sum(vm.requested.get(resource, 0) for vm in snapshot.vms if vm.id in chosen and vm.id in wanted)
        yield Headroom(
            rule=document.name,
            key=resource,
            must=spec.is_must,
            weight=spec.weight or 0,
            domains=domains,
            members=np.array([vm_index[vm.id] for vm in asking], dtype=np.int32),
            demand=demand,
            usable=np.array([spec.usable(each) for each in offers], dtype=np.int64),
            total=np.array([sum(each) or whole for each in offers], dtype=np.int64),
        )
