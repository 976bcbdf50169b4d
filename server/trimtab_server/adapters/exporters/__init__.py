"""Exporters: verified plans in the words of the tools that execute them."""

from __future__ import annotations

from .action_lines import ActionLines
from .exporter import Exporter

EXPORTERS: tuple[Exporter, ...] = (ActionLines(),)
"""All exporters, as the command line offers them."""
