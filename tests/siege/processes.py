"""The tree of processes below a server."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Iterator
from pathlib import Path


def descendants(pid: int) -> Iterator[int]:
    """Every process below `pid`, parents first."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and _parent(int(entry.name)) == pid:
            yield int(entry.name)
            yield from descendants(int(entry.name))


def freeze(pid: int) -> None:
    """Stop the process, unless it has ended by itself meanwhile."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGSTOP)


def _parent(pid: int) -> int:
    with contextlib.suppress(OSError):
        # the name in brackets may hold spaces; the parent is the second field after it
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    return -1
