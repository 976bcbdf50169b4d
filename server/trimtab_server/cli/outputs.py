"""Files and folders that commands write, checked before the work begins."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from .exits import CommandError, ExitCode


def check_output_file(path: Path) -> None:
    """Refuse a file that could not be written later.

    Raises
    ------
    CommandError
        The suffix names no format, or the folder is not there.
    """
    from ..files import STANDARD, SUFFIXES

    if path == STANDARD:
        return
    if not path.name.endswith(SUFFIXES):
        raise CommandError(ExitCode.USAGE, [f"{path}: the file name must end in {', '.join(SUFFIXES)}"])
    if not path.parent.is_dir():
        raise CommandError(ExitCode.USAGE, [f"{path}: the folder {path.parent} does not exist"])


def check_policy_folder(folder: Path, documents: Mapping[str, bytes]) -> None:
    """Refuse a folder with other policy files in it, because all of them would count.

    Raises
    ------
    CommandError
        There are such files, or it is no folder.
    """
    if folder.exists() and not folder.is_dir():
        raise CommandError(ExitCode.USAGE, [f"{folder}: is no folder"])
    found = (path for pattern in ("*.yaml", "*.yml") for path in folder.rglob(pattern))
    others = sorted(str(path.relative_to(folder)) for path in found)
    others = [name for name in others if name not in documents]
    if others:
        fix = "name an empty or a new folder"
        raise CommandError(ExitCode.USAGE, [f"{folder}: holds other policy files ({', '.join(others[:5])}); {fix}"])


def write_policy(folder: Path, documents: Mapping[str, bytes]) -> None:
    """Write the documents, making the folder if need be."""
    for name, content in documents.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
