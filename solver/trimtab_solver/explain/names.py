"""Guests and hosts by the names that people type."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from typing import TypeVar

from ..errors import Fault, Reason, RefusedError
from ..snapshot import Host, Snapshot, Vm

_LISTED = 5
"""So many names are listed when none is like the one asked for."""

PartT = TypeVar("PartT", Host, Vm)


def find_guest(snapshot: Snapshot, vm_id: str) -> Vm:
    """The guest of that id.

    Raises
    ------
    RefusedError
        There is none; names that are like it are suggested.
    """
    return _find(vm_id, snapshot.vms, "guest", "vm_id")


def find_host(snapshot: Snapshot, host_id: str) -> Host:
    """The host of that id. Raises as `find_guest`."""
    return _find(host_id, snapshot.hosts, "host", "host_id")


def _find(name: str, parts: Sequence[PartT], noun: str, path: str) -> PartT:
    for part in parts:
        if part.id == name:
            return part
    names = [part.id for part in parts]
    close = difflib.get_close_matches(name, names, n=3)
    known = ", ".join(names) if len(names) <= _LISTED else f"{len(names)} {noun}s"
    fix = f"did you mean {', '.join(close)}?" if close else f"it holds {known or f'no {noun}'}"
    raise RefusedError([Fault(Reason.UNKNOWN_REFERENCE, path, f"the snapshot holds no {noun} {name!r}", fix)])
