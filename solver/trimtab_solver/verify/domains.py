"""Which domain of a kind every host lies in, as one mapping per kind."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property

from ..policy.selection import Selection
from ..topology import Topology


class DomainMaps:
    """Maps of host id to domain, built once per kind that a rule asks for."""

    def __init__(self, selection: Selection) -> None:
        self._selection = selection
        self._maps: dict[str, Mapping[str, str]] = {}

    @cached_property
    def _topology(self) -> Topology:
        return Topology(self._selection.reading("host.id"))

    def of(self, kind: str) -> Mapping[str, str]:
        """The domain of `kind` for every host. Who asks depends on which hosts there are."""
        hosts = self._selection.reading("host.id").hosts
        if kind not in self._maps:
            self._maps[kind] = {host.id: self._topology.domain(host.id, kind) for host in hosts}
        return self._maps[kind]
