"""HostRequirement: what the infrastructure under a guest must offer."""

from __future__ import annotations

from collections.abc import Iterator

from ..policy.documents import Document, RuleSpec
from ..policy.fields import HostCondition, VmSelector
from ..primitives.attraction import Unary
from .context import Context
from .unary import unary


class HostRequirement(RuleSpec):
    """Selected guests run only on hosts for which `require` holds (CEL over ``host`` and ``event``, returns bool).

    A breach counts each guest that runs on another host.
    """

    select: VmSelector
    require: HostCondition


def compile_host_requirement(document: Document, spec: HostRequirement, context: Context) -> Iterator[Unary]:
    """One unary rule for all selected guests."""
    guests = context.members(context.chosen(document, spec, "spec.select", spec.select))
    hosts = context.mask(context.selection.hosts_where(document, "spec.require", spec.require))
    if len(guests):
        yield unary(document, spec, guests, hosts)
