"""Positions in policy files as editors and terminals find them."""

from __future__ import annotations

from pathlib import Path


def located(text: str, folder: Path | None) -> str:
    """A text that begins with a position: with the folder in front that the position is relative to."""
    if folder is None:
        return text
    name = text.partition(":")[0]
    return f"{folder / name}{text[len(name) :]}" if (folder / name).is_file() else text
