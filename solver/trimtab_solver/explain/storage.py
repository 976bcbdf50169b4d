"""Guests that are kept where they are, or down, by where their disks are, whatever else holds."""

from __future__ import annotations

import numpy as np

from ..problem import NOWHERE
from ..snapshot import Host, HostState
from .words import Scene, name_some

_STATES = {HostState.MAINTENANCE: "in maintenance"}


def why_out_of_reach(scene: Scene, v: int, here: int = NOWHERE) -> str:
    """Why no host but `here` can take the guest, if that is because of its storage pool alone; else empty.

    The words before the first semicolon are the same for all guests that have lost their disks alike.
    """
    facts = scene.facts
    pool = facts.vms[v].storage_pool_id
    takers = np.flatnonzero(scene.problem.receiving).tolist() if pool else []
    is_reached = any(pool in facts.hosts[h].storage_pool_ids for h in takers if h != here)
    if is_reached or not any(h != here for h in takers):
        return ""
    hosts = [host for h, host in enumerate(facts.hosts) if pool in host.storage_pool_ids and h != here]
    if here == NOWHERE:
        return _lost(pool, hosts, is_local=pool in facts.local_pools)
    if not hosts:
        where = f"its disk is local to {facts.hosts[here].id}: " if pool in facts.local_pools else ""
        return f"{where}no other host reaches storage pool {pool}"
    return f"no other host that takes guests reaches its storage pool {pool}; {_told(hosts)} would"


def _lost(pool: str, hosts: list[Host], *, is_local: bool) -> str:
    if not hosts:
        return f"no host reaches its storage pool {pool}"
    if is_local and len(hosts) == 1:
        return f"the disk is local to a host that is {_state(hosts[0])}; storage pool {pool} is on {hosts[0].id} alone"
    return f"no host that takes guests reaches its storage pool {pool}; {_told(hosts)} would"


def _told(hosts: list[Host]) -> str:
    return name_some([f"{host.id} ({_state(host)})" for host in hosts])


def _state(host: Host) -> str:
    return _STATES.get(host.state, host.state.value.lower())
