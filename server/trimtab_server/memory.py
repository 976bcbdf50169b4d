"""Memory of the front process: what large requests took is given back when they are gone."""

from __future__ import annotations

import contextlib
import ctypes
from typing import Final

_M_MMAP_THRESHOLD: Final = -3
_LARGE_BYTES: Final = 1 << 20


def give_back_large_blocks() -> None:
    """Let every block above a MiB be a mapping of its own (mallopt(3)).

    The C library raises that limit by itself with every large block that is freed, and then keeps large holes.
    """
    # other C libraries have no such call, and no such limit that moves
    with contextlib.suppress(AttributeError):
        ctypes.CDLL(None).mallopt(_M_MMAP_THRESHOLD, _LARGE_BYTES)
