"""Maintenance: hosts that guests should leave, and not enter, while it is in force."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ..policy.documents import Document, RuleSpec
from ..policy.fields import HostSelector
from ..primitives.attraction import Unary
from .context import Context
from .unary import unary


class Maintenance(RuleSpec):
    """No guest runs on the selected hosts while the document is in force.

    With level must, no action brings a guest there, and those that run there leave as far as there is room elsewhere;
    their moves count against no budget. A breach counts each guest that runs there.
    """

    hosts: HostSelector
    """The hosts to be worked on."""


def compile_maintenance(document: Document, spec: Maintenance, context: Context) -> Iterator[Unary]:
    """One unary rule for all guests."""
    hosts = context.mask(context.selection.hosts(document, "spec.hosts", spec.hosts))
    if hosts.any() and context.vm_index:
        guests = np.arange(len(context.vm_index), dtype=np.int32)
        yield unary(document, spec, guests, ~hosts)
