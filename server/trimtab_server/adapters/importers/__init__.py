"""Importers: cluster states and rules of other tools as snapshots and policies."""

from __future__ import annotations

from .btrplace import BtrPlace
from .ganeti import Ganeti
from .importer import Importer

IMPORTERS: tuple[Importer, ...] = (BtrPlace(), Ganeti())
"""All importers, as the command line offers them."""
