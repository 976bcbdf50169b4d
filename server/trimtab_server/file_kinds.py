"""What a file seems to be, for who names one where another is wanted."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from trimtab_solver.authoring.document_kinds import POLICY_DOCUMENT, kind_of_content

_YAML: Final = frozenset({".yaml", ".yml"})


def mistaken_path(path: Path, wanted: str) -> tuple[str, str] | None:
    """What is wrong with a path that cannot hold what is wanted, and what to name instead; none if it may."""
    if path.is_dir():
        inner = path / "snapshot.json"
        fix = f"name {inner}" if inner.is_file() else "name a file in it"
        return f"is a folder, where {wanted} is wanted", fix
    if path.suffix in _YAML:
        return f"is {POLICY_DOCUMENT} by its name, where {wanted} is wanted", f"name {wanted}"
    return None


def mistaken_content(fields: Mapping[str, object], wanted: str) -> str:
    """What an object with these fields is instead of what is wanted; empty where that cannot be told."""
    found = kind_of_content(fields)
    return f"is {found}, where {wanted} is wanted" if found and found != wanted else ""
