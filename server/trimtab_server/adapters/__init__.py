"""Importers: cluster states and rules of other tools as snapshots and policies."""

from __future__ import annotations

from .btrplace import read_btrplace
from .ganeti import read_ganeti
from .imported import Imported, ImportRefusedError

__all__ = ["ImportRefusedError", "Imported", "read_btrplace", "read_ganeti"]
