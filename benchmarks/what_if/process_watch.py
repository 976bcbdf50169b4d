"""The memory of the process that forks workers, and of the workers, seen from outside (``/proc``)."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import astuple, dataclass
from pathlib import Path
from types import TracebackType
from typing import Final, Self

_EVERY_S: Final = 0.25
_OWN_EVERY: Final = 8
"""Pages are counted each so many looks: that takes the kernel longer."""
_FORKING: Final = b"what_if.runners.forking"


@dataclass(frozen=True, slots=True)
class Peaks:
    """The most that was seen so far, in MiB: of the process that forks, of one worker, and of that its own pages.

    `forking_cpu_s` is the processor time of the process that forks: to prepare the cluster, and to fork.
    """

    forking: int = 0
    worker: int = 0
    own: int = 0
    forking_cpu_s: float = 0.0


class ProcessWatch:
    """Looks at the processes that this one has started for scenarios, again and again while the block lasts."""

    def __init__(self) -> None:
        self._looks, self._lock, self._over = 0, threading.Lock(), threading.Event()
        self._peaks = Peaks()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()

    @property
    def peaks(self) -> Peaks:
        """The most that has been seen up to now."""
        with self._lock:
            return self._peaks

    def _watch(self) -> None:
        while not self._over.wait(_EVERY_S):
            self._look()

    def _look(self) -> None:
        counts_own = self._looks % _OWN_EVERY == 0
        self._looks += 1
        for forking in _children(os.getpid()):
            if not _is_forking(forking):
                continue
            workers = _children(forking)
            seen = Peaks(
                _mib(forking, "status", "VmHWM:"),
                max((_mib(pid, "status", "VmHWM:") for pid in workers), default=0),
                max((_own_mib(pid) for pid in workers), default=0) if counts_own else 0,
                _cpu_s(forking),
            )
            with self._lock:
                self._peaks = Peaks(*map(max, astuple(self._peaks), astuple(seen)))


def _children(pid: int) -> list[int]:
    with suppress(OSError):  # it may have ended by now
        return [
            int(child)
            for task in Path(f"/proc/{pid}/task").iterdir()
            for child in (task / "children").read_text().split()
        ]
    return []


def _is_forking(pid: int) -> bool:
    with suppress(OSError):
        return _FORKING in Path(f"/proc/{pid}/cmdline").read_bytes()
    return False


def _cpu_s(pid: int) -> float:
    with suppress(OSError):
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        # user and system time, fields 14 and 15 of which two stand before the bracket
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return 0.0


def _own_mib(pid: int) -> int:
    """What the process shares with nobody."""
    return _mib(pid, "smaps_rollup", "Private_Dirty:")


def _mib(pid: int, file: str, name: str) -> int:
    return sum(_kib(pid, file, name)) >> 10


def _kib(pid: int, file: str, name: str) -> Iterator[int]:
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/{file}").read_text().splitlines():
            if line.startswith(name):
                yield int(line.split()[1])
