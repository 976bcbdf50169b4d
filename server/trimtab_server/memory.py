"""Memory of the front process: what large requests took is given back when they are gone."""

from __future__ import annotations

import contextlib
import ctypes
from typing import Final

_M_MMAP_THRESHOLD: Final = -3
_M_ARENA_MAX: Final = -8
_LARGE_BYTES: Final = 1 << 16
_MUCH_BYTES: Final = 1 << 20


def give_back_large_blocks() -> None:
    """Let every block above 64 KiB be a mapping of its own, and threads share one heap for smaller ones (mallopt(3)).

    The C library raises that limit by itself with every large block that is freed, and then keeps large holes; and
    each of the many threads that receive messages would have a heap with holes of its own.
    """
    # other C libraries have no such call, and no such limit that moves
    with contextlib.suppress(AttributeError):
        library = ctypes.CDLL(None)
        library.mallopt(_M_MMAP_THRESHOLD, _LARGE_BYTES)
        library.mallopt(_M_ARENA_MAX, 1)


def give_back_holes(freed_bytes: int) -> None:
    """After so much was freed, if that is much: give back the pages of the heap that hold nothing (malloc_trim(3))."""
    if freed_bytes >= _MUCH_BYTES:
        with contextlib.suppress(AttributeError):
            ctypes.CDLL(None).malloc_trim(0)
