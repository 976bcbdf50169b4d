"""What a host must be and have for a guest, whoever else runs there: one condition per file, in arrays and in words.

A host is suitable for a guest when it satisfies all `CONDITIONS`. The judge (`verify.suitability`) does not use
this: it reads docs/concepts.md by itself.
"""

from __future__ import annotations

from typing import Final

from ..snapshot import Host, Vm
from .condition import Equipment, HostCondition
from .devices import HAS_DEVICES
from .receiving import RECEIVES
from .storage import REACHES_STORAGE

EQUIPMENT: Final[tuple[Equipment, ...]] = (REACHES_STORAGE, HAS_DEVICES)
"""Conditions on what a host is built of."""

CONDITIONS: Final[tuple[HostCondition, ...]] = (RECEIVES, *EQUIPMENT)
"""All of them, in the order in which they are told."""


def unsuitable(vm: Vm, host: Host) -> list[tuple[HostCondition, str]]:
    """Why the host is not suitable for the guest: each condition that fails, with its clause; empty when it is."""
    return [(condition, reason) for condition in CONDITIONS if (reason := condition.reason(vm, host))]
