"""Functions compiled to machine code by numba when first called, and cached on disk so that a restart is quick.

numba opens a cache when a function is defined, which makes folders and tries to write; and it looks only at the file
that a function is written in when it decides whether cached code is up to date, not at the functions that it calls.
Here nothing happens before something is compiled, and the code of each function lies in a folder named by a digest of
all that is compiled into it: its own code, that of every function it calls, in which modules these are, and the numbers
they use. Where the sources lie and when they were written does not matter, so that installations can share a folder.
"""

from __future__ import annotations

import dis
import hashlib
import os
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any, TypeVar

import numba
import numpy as np
from numba.core.caching import FunctionCache, IndexDataCacheFile, NullCache
from numba.core.dispatcher import Dispatcher

Function = TypeVar("Function", bound=Callable[..., object])

CACHE_VARIABLE = "TRIMTAB_KERNEL_CACHE"
"""Environment variable that names the folder for compiled code."""


def jit(**options: object) -> Callable[[Function], Function]:
    """Compiles a function with these options of `numba.njit`, without the interpreter lock."""

    def compiled(function: Function) -> Function:
        # numba's types know neither all options nor the cache of a dispatcher, which stands in for the function
        njit: Any = numba.njit
        dispatcher = njit(nogil=True, **options)(function)
        dispatcher._cache = _DeferredCache(dispatcher)  # noqa: SLF001 - numba has no public way to defer its cache
        stands_in: Function = dispatcher
        return stands_in

    return compiled


class _DeferredCache(NullCache):
    """The cache of one function, opened when it is first compiled. numba compiles under a lock: one at a time."""

    def __init__(self, dispatcher: Any) -> None:
        self._dispatcher = dispatcher
        self._opened: Any = None

    def load_overload(self, signature: Any, target_context: Any) -> Any:
        return self._open().load_overload(signature, target_context)

    def save_overload(self, signature: Any, data: Any) -> None:
        self._open().save_overload(signature, data)

    def _open(self) -> Any:
        if self._opened is None:
            self._opened = _open_cache(self._dispatcher.py_func, code_digest(self._dispatcher))
        return self._opened


def _open_cache(function: Any, digest: str) -> Any:
    """The cache of numba, told by the digest alone whether code is up to date."""
    config: Any = numba.config
    open_cache: Any = FunctionCache
    folder = cache_folder() / digest
    folder.mkdir(parents=True, exist_ok=True)
    before = config.CACHE_DIR
    config.CACHE_DIR = str(folder)
    try:
        opened = open_cache(function)
    finally:
        config.CACHE_DIR = before
    index: Any = IndexDataCacheFile
    opened._cache_file = index(str(folder), function.__name__, digest)  # noqa: SLF001 - numba has no public way
    return opened


@cache
def cache_folder() -> Path:
    """Where compiled code lies: one decision per process, next to the sources if that can be written to."""
    wanted = os.environ.get(CACHE_VARIABLE)
    user = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "trimtab"
    for folder in (Path(wanted),) if wanted else (Path(__file__).parent / "__pycache__" / "kernels", user):
        if _is_writable(folder):
            return folder
    return Path(tempfile.mkdtemp(prefix="trimtab-kernels-"))


def is_cached(function: Callable[..., object]) -> bool:
    """Whether some compiled code of a function lies on disk that nothing has changed since."""
    return any((cache_folder() / code_digest(function)).rglob("*.nbc"))


def _is_writable(folder: Path) -> bool:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return True
    except OSError:
        return False


def code_digest(dispatcher: Any) -> str:
    """16 hexadecimal digits that change with anything that is compiled into a function.

    Raises
    ------
    TypeError
        When it uses a global whose meaning cannot be told.
    """
    return _digest_of(dispatcher)[:16]


@cache
def _digest_of(dispatcher: Any) -> str:
    function: FunctionType = dispatcher.py_func
    code, options = function.__code__, sorted(dispatcher.targetoptions.items())
    digest = hashlib.sha256(code.co_code)
    # compiled code names the modules of what it calls: where these were moved, it cannot be loaded
    home = function.__module__, function.__qualname__
    digest.update(repr((*home, options, code.co_consts, code.co_names, code.co_varnames)).encode())
    for name in sorted({step.argval for step in dis.get_instructions(code) if step.opname == "LOAD_GLOBAL"}):
        if name in function.__globals__:
            digest.update(f"{name}={_meaning(name, function.__globals__[name])}".encode())
    return digest.hexdigest()


def _meaning(name: str, value: object) -> str:
    if isinstance(value, Dispatcher):
        return _digest_of(value)
    if isinstance(value, ModuleType):
        return value.__name__
    if isinstance(value, bool | int | float | str | np.generic):
        return repr(value)
    raise TypeError(f"compiled code uses {name} = {value!r}; use a number, a module or another compiled function")
