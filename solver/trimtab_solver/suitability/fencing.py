"""A displaced guest may be started elsewhere only if its host can be fenced."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from ..primitives.encoding import Bools
from ..snapshot import FencingState, Host, HostState, Vm

STRANDED: Final = "its failed host cannot be fenced; starting it elsewhere could run it twice"
"""Why a guest displaced from such a host stays down."""


def unfenceable(hosts: Sequence[Host]) -> Bools:
    """Per host [H], whether it has failed and nobody can make sure that it runs nothing."""
    return np.array(
        [host.state is HostState.DOWN and host.fencing is FencingState.UNFENCEABLE for host in hosts], dtype=np.bool_
    )


def stranded(vm: Vm) -> str:
    """The clause that says so of one guest."""
    return f"its failed host {vm.host_id} cannot be fenced: started elsewhere, the guest could run twice"
