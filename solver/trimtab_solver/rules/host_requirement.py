"""HostRequirement: what the infrastructure under a guest must offer."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Self

from pydantic import model_validator

from ..policy.documents import Document, RuleSpec
from ..policy.fields import HostCondition, PoolSelector, VmSelector
from ..primitives.attraction import Unary
from ..primitives.encoding import Bools
from .context import Context
from .unary import unary


class HostRequirement(RuleSpec):
    """Selected guests run only on hosts for which `require` holds and that reach the `storage`; either may be left out.

    A breach counts each guest that runs on another host.
    """

    select: VmSelector
    require: HostCondition | None = None
    """CEL over ``host`` and ``event``, returns bool."""
    storage: PoolSelector | None = None
    """The host reaches a storage pool that is selected; where the guest names its pool, that one."""

    @model_validator(mode="after")
    def _requires_something(self) -> Self:
        if self.require is None and self.storage is None:
            raise ValueError("HostRequirement needs require or storage")
        return self


def compile_host_requirement(document: Document, spec: HostRequirement, context: Context) -> Iterator[Unary]:
    """One unary rule for all selected guests; with `storage` one for those of each pool."""
    chosen = context.chosen(document, spec, "spec.select", spec.select)
    if spec.require is None:
        hosts = context.mask(context.host_index)
    else:
        hosts = context.mask(context.selection.hosts_where(document, "spec.require", spec.require))
    for pool, guests in ({"": chosen} if spec.storage is None else _by_pool(chosen, context)).items():
        indices = context.members(guests)
        if len(indices):
            reaching = hosts if spec.storage is None else hosts & _reaching(document, spec, context, pool)
            yield unary(document, spec, indices, reaching)


def _by_pool(vm_ids: tuple[str, ...], context: Context) -> dict[str, tuple[str, ...]]:
    """The guests by the pool that they name; those that name none under ""."""
    chosen, found = set(vm_ids), defaultdict[str, list[str]](list)
    for vm in context.selection.reading("vm.storage_pool").vms:
        if vm.id in chosen:
            found[vm.storage_pool_id].append(vm.id)
    return {pool: tuple(guests) for pool, guests in found.items()}


def _reaching(document: Document, spec: HostRequirement, context: Context, pool: str) -> Bools:
    """The hosts [H] that reach this pool, if it is selected; of guests that name none, any that is."""
    assert spec.storage is not None
    fit = context.selection.pools(document, "spec.storage", spec.storage)
    wanted = fit & {pool} if pool else fit
    hosts = context.selection.reading("host.storage_pools").hosts
    return context.mask(host.id for host in hosts if not wanted.isdisjoint(host.storage_pool_ids))
