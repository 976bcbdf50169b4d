"""Positions in policy files as editors and terminals find them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from .model import Cell, Column, Row

if TYPE_CHECKING:
    from trimtab_solver.policy.documents import Source

PLACE: Final = (Column("file"), Column("line", is_number=True))
"""The columns of `place_cells`."""


def located(text: str, folder: Path | None) -> str:
    """A text that begins with a position: with the folder in front that the position is relative to."""
    if folder is None:
        return text
    name = text.partition(":")[0]
    return f"{folder / name}{text[len(name) :]}" if (folder / name).is_file() else text


def place_cells(source: Source, folder: Path | None) -> Row:
    """File and line; line 0 is unknown."""
    return Cell(located(source.file, folder)), Cell(str(source.line or ""), value=source.line)
