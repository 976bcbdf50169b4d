"""A displaced guest may be started elsewhere only if its host is known, and can be fenced."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..primitives.encoding import Bools
from ..snapshot import FencingState, Host, HostState, Vm


def unfenceable(hosts: Sequence[Host]) -> Bools:
    """Per host [H], whether it has failed and nobody can make sure that it runs nothing."""
    return np.array(
        [host.state is HostState.DOWN and host.fencing is FencingState.UNFENCEABLE for host in hosts], dtype=np.bool_
    )


def stranded(vm: Vm) -> str:
    """Why a displaced guest that is not startable stays down."""
    if not vm.host_id:
        return "the host it was displaced from is not named and so cannot be fenced: it could run twice"
    return f"its failed host {vm.host_id} cannot be fenced: started elsewhere, the guest could run twice"
