"""How kernels are compiled: without the interpreter lock, and cached on disk so that a restart compiles nothing.

numba looks only at the file a kernel is written in when it decides whether its cached code is up to date, not at the
kernels it calls. So the cache lies in a folder named by a digest of all sources of the search, and of the primitives,
whose numbers are compiled in.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import numba

Kernel = TypeVar("Kernel", bound=Callable[..., object])

CACHE_VARIABLE = "TRIMTAB_KERNEL_CACHE"
"""Environment variable that names the folder for compiled kernels."""
_SOURCES = Path(__file__).parent.parent
_PRIMITIVES = _SOURCES.parent.parent / "primitives"


def _writable(folder: Path) -> bool:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return True
    except OSError:
        return False


def _cache_folder() -> str:
    digest = hashlib.sha256()
    for source in (*sorted(_SOURCES.rglob("*.py")), *sorted(_PRIMITIVES.rglob("*.py"))):
        digest.update(source.name.encode() + source.read_bytes())
    name = f"kernels-{digest.hexdigest()[:16]}"
    wanted = os.environ.get(CACHE_VARIABLE)
    user = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "trimtab"
    for parent in (Path(wanted),) if wanted else (_SOURCES / "__pycache__", user):
        if _writable(parent / name):
            return str(parent / name)
    return tempfile.mkdtemp(prefix="trimtab-kernels-")


CACHE_FOLDER = _cache_folder()


def compiled(function: Kernel) -> Kernel:
    """A kernel. It allocates nothing, so it counts no references: that would cost more than a small kernel."""
    # neither name is in numba's type stubs: where the cache lies, and code without reference counts
    config: Any = numba.config
    options: dict[str, Any] = {"cache": True, "nogil": True, "error_model": "numpy", "_nrt": False}
    before = config.CACHE_DIR
    config.CACHE_DIR = CACHE_FOLDER
    try:
        kernel: Kernel = numba.njit(**options)(function)
    finally:
        config.CACHE_DIR = before
    return kernel
