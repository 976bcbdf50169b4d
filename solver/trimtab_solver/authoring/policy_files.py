"""The files of a policy: which they are, and what is in them."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from ..errors import Fault, PolicyRefusedError, Reason
from .strict_yaml import MAX_FILE_BYTES

_SUFFIXES: Final = frozenset({".yaml", ".yml"})


def read_policy_files(paths: str | Path | Iterable[str | Path]) -> dict[str, bytes]:
    """The content of policy files by the names that positions give them (`load_policy`). Raises as `read_files`."""
    given = [Path(paths)] if isinstance(paths, (str, Path)) else [Path(path) for path in paths]
    base = given[0] if len(given) == 1 and given[0].is_dir() else None
    files = read_files(given)
    return {(path.relative_to(base) if base else path).as_posix(): content for path, content in files.items()}


def read_files(paths: Iterable[Path]) -> dict[Path, bytes]:
    """The content of policy files, those in folders included.

    Raises
    ------
    PolicyRefusedError
        If a path does not exist, cannot be read, or is a folder without policy files.
    """
    faults: list[Fault] = []
    files: dict[Path, bytes] = {}
    for path in paths:
        found = _files_below(path, faults) if path.is_dir() else [path]
        if not found:
            message, fix = "holds no .yaml or .yml file", "add one or name another folder"
            faults.append(_unreadable(path, message, fix))
        for file in found:
            try:
                # one byte more than allowed, so that the reader refuses what is too long without this reading it all
                with file.open("rb") as stream:
                    files[file] = stream.read(MAX_FILE_BYTES + 1)
            except OSError as error:
                faults.append(_unreadable(file, f"cannot be read: {error.strerror}", "check path and rights"))
    if faults:
        raise PolicyRefusedError(faults)
    return files


def _files_below(folder: Path, faults: list[Fault]) -> list[Path]:
    """The policy files of a folder.

    What has such a name and is no file of the folder is a fault, since a rule that is lost is worse than none: a link
    that leads out of the folder, of which nothing is read, or nowhere, a pipe, a name that is not UTF-8.
    """
    root = folder.resolve()
    found = []
    for path in sorted(folder.rglob("*")):
        below = path.relative_to(folder)
        if path.suffix not in _SUFFIXES or any(part.startswith(".") for part in below.parts) or path.is_dir():
            continue
        if not _is_text(str(below)):
            faults.append(_unreadable(path, "has a name that is not UTF-8", "rename it"))
        elif path.is_symlink() and not _leads_into(path, root):
            faults.append(_unreadable(path, "is a link that leads out of the folder", "copy the file into the folder"))
        elif not path.is_file():
            faults.append(_unreadable(path, "is no file, or a link to none", "remove it, or write the file"))
        else:
            found.append(path)
    return found


def _leads_into(link: Path, folder: Path) -> bool:
    try:
        return link.resolve().is_relative_to(folder)
    except (OSError, RuntimeError):
        return True  # in a circle: it is no file either


def _is_text(name: str) -> bool:
    """Whether a name can be written as UTF-8; bytes of others stand for themselves in it (PEP 383)."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def _unreadable(path: Path, message: str, fix: str) -> Fault:
    return Fault(Reason.MALFORMED_FILE, os.fsencode(path).decode(errors="backslashreplace"), message, fix)
