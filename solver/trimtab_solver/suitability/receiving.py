"""The host takes guests at all: its power, and what its operators have decided."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from ..primitives.encoding import Bools
from ..snapshot import Host, HostState, Vm
from .condition import HostCondition

CLOSED: Final = "down, draining or in maintenance"
"""What is said of many hosts that do not take guests."""

_WHY: Final = {
    HostState.DOWN: "it is down",
    HostState.DRAINING: "it is draining: it keeps what it runs and takes nothing new",
    HostState.MAINTENANCE: "it is in maintenance: it keeps what it runs and takes nothing new",
}
"""Why hosts in these states take none; those in the others do, cold spares once they are booted."""


def receiving(hosts: Sequence[Host]) -> Bools:
    """Per host [H], whether it takes guests."""
    return np.array([host.state not in _WHY for host in hosts], dtype=np.bool_)


def _reason(_: Vm, host: Host) -> str:
    return _WHY.get(host.state, "")


RECEIVES: Final = HostCondition("POWER", _reason)
