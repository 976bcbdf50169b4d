"""Where each guest runs and how large: the final state that a plan leads to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from .snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class Placement:
    """`hosts` maps the id of every running guest to its host, `sizes` to its allocation per resource."""

    hosts: Mapping[str, str]
    sizes: Mapping[str, Mapping[str, int]]


def placement_of(snapshot: Snapshot) -> Placement:
    """The placement the snapshot shows now. A guest on its way counts where it is going."""
    hosts: dict[str, str] = {}
    sizes: dict[str, Mapping[str, int]] = {}
    for vm in snapshot.vms:
        if vm.is_running:
            hosts[vm.id] = vm.place
            sizes[vm.id] = {**vm.requested, **vm.allocated}
    return Placement(hosts, sizes)
