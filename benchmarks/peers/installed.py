"""Peers that come as Python packages live in virtual environments of their own: their pins clash with ours."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Final

from benchmarks.subject import SkippedError

VARIABLE: Final = "TRIMTAB_BENCH_PEERS"
"""Environment variable that names the folder of these environments; by default ``.peers`` in the repository."""
_DEFAULT: Final = Path(__file__).parents[2] / ".peers"


def environment(name: str) -> Path:
    """The virtual environment of a peer.

    Raises
    ------
    SkippedError
        When it is not there.
    """
    folder = Path(os.environ.get(VARIABLE) or _DEFAULT) / name
    if not (folder / "bin" / "python").exists():
        raise SkippedError(f"{name} is not installed in {folder}: run `make peers`")
    return folder


def version_of(folder: Path, package: str) -> str:
    """Version of a package in a virtual environment."""
    code = f"import importlib.metadata as m; print(m.version({package!r}))"
    ran = subprocess.run([folder / "bin" / "python", "-c", code], capture_output=True, text=True, check=True)
    return f"{package} {ran.stdout.strip()}"
