"""BtrPlace instances (JSON, plain or gzipped) as snapshot and policy.

BtrPlace knows ready, running and sleeping VMs on nodes that are online or off. It has no failures, tiers or
evictions, so every VM gets the tier ``imported``, whose guests are never stopped.
"""

from __future__ import annotations

from pathlib import Path

from ..imported import Imported, Notes
from .cluster import build_snapshot
from .constraints import read_constraints
from .instance import parse_instance

__all__ = ["BtrPlace", "read_btrplace"]


class BtrPlace:
    """The importer."""

    name = "btrplace"
    reads = "a JSON instance, plain or gzipped"

    def read(self, source: Path) -> Imported:
        """As `read_btrplace`."""
        return read_btrplace(source)


def read_btrplace(source: bytes | Path) -> Imported:
    """Read an instance: its model becomes the snapshot, its constraints become documents and VM labels.

    Raises
    ------
    ImportRefusedError
        When the file is no BtrPlace instance or names VMs or nodes that it does not hold.
    """
    raw, name = (source, "instance") if isinstance(source, bytes) else (source.read_bytes(), source.name)
    notes = Notes()
    instance = parse_instance(raw, name, notes)
    wishes = read_constraints(instance, notes)
    snapshot = build_snapshot(instance, wishes, notes)
    return Imported(snapshot, wishes.files(), notes.lines())
