"""Ctrl-C while something is searched for: the first ends the search with what is there, the second ends the command."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_WORDS = "Ending the search with the best verified plan; Ctrl-C again ends the command without one."


@contextmanager
def ended_by_interrupt(words: str = _WORDS) -> Iterator[threading.Event]:
    """An event that the first Ctrl-C sets, saying these words; the second raises KeyboardInterrupt as usual."""
    stop = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        # only the main thread hears of signals
        yield stop
        return

    def end_search(_number: int, _frame: FrameType | None) -> None:
        signal.signal(signal.SIGINT, before)
        stop.set()
        print(words, file=sys.stderr, flush=True)

    before = signal.signal(signal.SIGINT, end_search)
    try:
        yield stop
    finally:
        signal.signal(signal.SIGINT, before)
