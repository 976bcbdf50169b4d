"""The primitive of a rule about single guests and the hosts they run on."""

from __future__ import annotations

from typing import Final

import numpy as np

from ..policy.documents import Document, RuleSpec
from ..primitives.allowed import HostRule
from ..primitives.attraction import Unary, Wish
from ..primitives.encoding import Bools, Index

_FEW: Final = 4
"""Hosts are few when they are at most one in so many (and one always is)."""


def unary(document: Document, spec: RuleSpec, guests: Index, hosts: Bools) -> Unary:
    """The `guests` run on the `hosts` [H].

    A should rule lists pairs of guest and host where that takes no more than one row over all hosts would. The rules
    that select a guest make its class, and a class is such a row: a wish of every guest would be a row of every guest.
    """
    listed = np.flatnonzero(hosts).astype(np.int32)
    is_few = len(listed) <= max(1, len(hosts) // _FEW) and len(listed) * len(guests) <= len(hosts)
    if spec.is_must or not is_few:
        return HostRule(document.name, spec.is_must, spec.weight or 0, guests, hosts)
    return Wish(document.name, spec.weight or 0, guests, listed)
