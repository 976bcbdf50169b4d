"""Pin: guests run on named hosts only."""

from __future__ import annotations

from collections.abc import Iterator

from ..policy.documents import Document, RuleSpec
from ..policy.fields import HostSelector, VmSelector
from ..primitives.attraction import Unary
from .context import Context
from .unary import unary


class Pin(RuleSpec):
    """Selected guests run only on selected hosts. A breach counts each guest that runs elsewhere."""

    select: VmSelector
    hosts: HostSelector


def compile_pin(document: Document, spec: Pin, context: Context) -> Iterator[Unary]:
    """One unary rule for all selected guests."""
    guests = context.members(context.chosen(document, spec, "spec.select", spec.select))
    hosts = context.mask(context.selection.hosts(document, "spec.hosts", spec.hosts))
    if len(guests):
        yield unary(document, spec, guests, hosts)
