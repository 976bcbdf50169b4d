"""The tree of failure domains, seen from a host."""

from __future__ import annotations

from collections.abc import Mapping

from .snapshot import Snapshot

HOST_KIND = "host"
"""The domain kind that every snapshot has: each host is its own domain."""


class Topology:
    """Which domain of a kind each host lies in.

    A host without a domain of some kind is a domain of that kind by itself, named ``host/<id>``: what does not share a
    rack with anything fails alone.
    """

    def __init__(self, snapshot: Snapshot) -> None:
        self._domains = {domain.id: domain for domain in snapshot.domains}
        self._by_host: dict[str, dict[str, str]] = {}
        for host in snapshot.hosts:
            found: dict[str, str] = {HOST_KIND: host.id}
            for leaf in host.domain_ids:
                at = leaf
                while at and at in self._domains:
                    found.setdefault(self._domains[at].kind, at)
                    at = self._domains[at].parent_id
            self._by_host[host.id] = found

    @property
    def kinds(self) -> frozenset[str]:
        """Every domain kind of the snapshot, ``host`` included."""
        return frozenset({HOST_KIND, *(domain.kind for domain in self._domains.values())})

    def domain(self, host_id: str, kind: str) -> str:
        """The domain of `kind` that holds the host."""
        return self._by_host[host_id].get(kind, f"host/{host_id}")

    def domains(self, host_id: str) -> Mapping[str, str]:
        """The host's domains by kind."""
        return self._by_host[host_id]
