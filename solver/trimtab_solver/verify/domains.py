"""Which domain of a kind every host lies in, as one mapping per kind."""

from __future__ import annotations

from collections.abc import Mapping

from ..snapshot import Snapshot
from ..topology import Topology


class DomainMaps:
    """Maps of host id to domain, built once per kind that a rule asks for."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._topology = Topology(snapshot)
        self._hosts = tuple(host.id for host in snapshot.hosts)
        self._maps: dict[str, Mapping[str, str]] = {}

    def of(self, kind: str) -> Mapping[str, str]:
        """The domain of `kind` for every host."""
        found = self._maps.get(kind)
        if found is None:
            found = {host_id: self._topology.domain(host_id, kind) for host_id in self._hosts}
            self._maps[kind] = found
        return found
