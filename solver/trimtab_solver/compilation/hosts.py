"""The hosts of a snapshot as arrays: what no event changes, and the state they are in now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from ..primitives.encoding import Bools, Index
from ..snapshot import Host, HostState
from ..suitability.fencing import unfenceable
from ..suitability.receiving import receiving
from .extending import extended


@dataclass(frozen=True, slots=True, eq=False)
class Hosts:
    """What stays. Shape of `generation`: [H]."""

    ids: tuple[str, ...]
    index: Mapping[str, int]
    generation: Index

    def extended(self, more: Hosts) -> Hosts:
        """With hosts that come after them."""
        ids = (*self.ids, *more.ids)
        return replace(extended(self, more), ids=ids, index={host_id: h for h, host_id in enumerate(ids)})


@dataclass(frozen=True, slots=True, eq=False)
class HostStates:
    """What may change: whether hosts take guests, are cold spares, have failed and cannot be fenced; each [H]."""

    receiving: Bools
    spare: Bools
    unfenceable: Bools


def read_hosts(hosts: Sequence[Host]) -> Hosts:
    """What stays of them."""
    ids = tuple(host.id for host in hosts)
    generation = np.array([host.cpu_generation for host in hosts], dtype=np.int32)
    return Hosts(ids, {host_id: h for h, host_id in enumerate(ids)}, generation)


def read_host_states(hosts: Sequence[Host]) -> HostStates:
    """The states they are in."""
    spare = np.array([host.state is HostState.STANDBY for host in hosts], dtype=np.bool_)
    return HostStates(receiving(hosts), spare, unfenceable(hosts))
