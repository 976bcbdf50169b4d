"""What lies within the parts of a cluster that events name as kind:id."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from ..errors import Fault, Reason, SnapshotRefusedError
from ..snapshot import Snapshot
from ..topology import Topology

POOL: Final = "pool"
"""In place of a kind of failure domain, for storage pools."""


@dataclass(frozen=True, slots=True)
class Within:
    """What lies within some parts: ids of hosts, and of storage pools."""

    hosts: frozenset[str]
    pools: frozenset[str]


class Parts:
    """The parts of a cluster by name: hosts, failure domains with hosts in them, and storage pools."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot

    @cached_property
    def hosts(self) -> Mapping[str, frozenset[str]]:
        """Ids of the hosts within each host and failure domain, by its name."""
        topology = Topology(self._snapshot)
        found: dict[str, set[str]] = {}
        for host in self._snapshot.hosts:
            for kind, domain in topology.domains(host.id).items():
                found.setdefault(f"{kind}:{domain}", set()).add(host.id)
        return {name: frozenset(ids) for name, ids in found.items()}

    @cached_property
    def pools(self) -> Mapping[str, str]:
        """The id of each storage pool, by its name."""
        return {f"{POOL}:{pool.id}": pool.id for pool in self._snapshot.storage_pools}

    def of_kind(self, kind: str) -> Iterator[str]:
        """The names of all parts of a kind: of failure domains, ``host`` or ``pool``; in the order of the hosts."""
        names = self.pools if kind == POOL else self.hosts
        return (name for name in names if name.partition(":")[0] == kind)

    @cached_property
    def kinds(self) -> frozenset[str]:
        """The kinds that there are parts of."""
        return frozenset(name.partition(":")[0] for name in (*self.hosts, *self.pools))

    def within(self, names: Iterable[str], path: str, *, only_hosts: bool = False) -> Within:
        """What lies within the parts that are named at `path`.

        Raises
        ------
        SnapshotRefusedError
            For every name that is no part of the cluster, or a storage pool where `only_hosts` are wanted.
        """
        hosts: set[str] = set()
        pools: set[str] = set()
        faults = []
        for i, name in enumerate(names):
            if name in self.hosts:
                hosts |= self.hosts[name]
            elif name in self.pools and not only_hosts:
                pools.add(self.pools[name])
            else:
                faults.append(self._unknown(name, f"{path}[{i}]", only_hosts=only_hosts))
        if faults:
            raise SnapshotRefusedError(faults)
        return Within(frozenset(hosts), frozenset(pools))

    def _unknown(self, name: str, path: str, *, only_hosts: bool) -> Fault:
        if only_hosts and name in self.pools:
            message = f'"{name}" is a storage pool, which cannot be drained or degraded'
            return Fault(Reason.INVALID_REQUEST, path, message, "name hosts or failure domains")
        close = difflib.get_close_matches(name, (*self.hosts, *self.pools), n=1)
        fix = f"did you mean {close[0]}?" if close else "write kind:id, for example host:h1 or rack:r2"
        return Fault(Reason.UNKNOWN_REFERENCE, path, f'the cluster has no part "{name}" with hosts in it', fix)
