"""Whether a process that should be at work is: one that hangs uses no processor time."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Final

HUNG_S: Final = 5.0
"""A process that has work and uses no processor time for so long hangs: stopped, deadlocked or blocked."""


class Pulse:
    """The processor time of one process (proc(5): fields 14 and 15 of stat, of all its threads)."""

    def __init__(self, pid: int) -> None:
        self._stat = Path(f"/proc/{pid}/stat")
        self._ticks = -1
        self._beat_at = time.monotonic()

    def is_hung(self) -> bool:
        """Whether it used none for `HUNG_S` seconds; to be asked about every second while it has work."""
        _, ticks = self._read()
        now = time.monotonic()
        if ticks != self._ticks:
            self._ticks, self._beat_at = ticks, now
        return now - self._beat_at > HUNG_S

    def rest(self) -> None:
        """It has no work now: the time until the next question does not count."""
        self._ticks = -1

    def is_able(self) -> bool:
        """Whether it runs or could run: neither ended nor stopped."""
        state, _ = self._read()
        return state not in "TtZX"

    def _read(self) -> tuple[str, int]:
        try:
            # the name in brackets may hold anything; the state is the first field after it
            fields = self._stat.read_text(errors="replace").rpartition(")")[2].split()
        except OSError:
            return "X", 0
        return fields[0], int(fields[11]) + int(fields[12])
