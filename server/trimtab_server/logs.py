"""JSON lines on stderr, written by a thread of their own: a reader that is too slow loses lines and stops nobody."""

from __future__ import annotations

import collections
import contextlib
import logging
import os
import select
import sys
import threading
import time
from typing import Final

import structlog

_MOST_BYTES: Final = 4 << 20
"""Of lines that wait to be written; further ones are dropped."""
_CLOSE_S: Final = 1.0
"""How long the end waits for lines to be written."""


class LogLines:
    """Lines on their way to a file descriptor. Safe in several threads; `write` never waits for the reader."""

    def __init__(self, descriptor: int, most_bytes: int = _MOST_BYTES) -> None:
        self.dropped = 0
        """How many lines were lost: too many waited, or they could not be written."""
        self._descriptor = descriptor
        self._most_bytes = most_bytes
        self._waiting: collections.deque[bytes] = collections.deque()
        self._waiting_bytes = 0
        self._is_torn = False
        self._changed = threading.Condition()
        threading.Thread(target=self._write_all, name="log-lines", daemon=True).start()

    def write(self, text: str) -> int:
        """Take one line, its end included."""
        line = text.encode(errors="backslashreplace")
        with self._changed:
            if self._waiting_bytes + len(line) > self._most_bytes:
                self.dropped += 1
            else:
                self._waiting.append(line)
                self._waiting_bytes += len(line)
                self._changed.notify_all()
        return len(text)

    def flush(self) -> None:
        """Nothing: lines are written as soon as they can be."""

    def close(self) -> None:
        """Wait until the lines are written, but not long: their reader may be gone or asleep."""
        end_by = time.monotonic() + _CLOSE_S
        with self._changed:
            self._changed.wait_for(lambda: not self._waiting, end_by - time.monotonic())

    def _write_all(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: bool(self._waiting))
                line = self._waiting[0]
            is_written = self._write_line(line)
            with self._changed:
                # only now, so that `close` sees the line that is being written
                self._waiting.popleft()
                self._waiting_bytes -= len(line)
                self.dropped += not is_written
                self._changed.notify_all()

    def _write_line(self, line: bytes) -> bool:
        # what is left of a line that could not be written whole must not run into the next one
        rest = memoryview(b"\n" + line if self._is_torn else line)
        whole = len(rest)
        try:
            while rest:
                with contextlib.suppress(BlockingIOError):
                    rest = rest[os.write(self._descriptor, rest) :]
                    continue
                select.select([], [self._descriptor], [])
        except OSError:
            self._is_torn |= len(rest) < whole
            return False
        self._is_torn = False
        return True


def configure_logging(level: str) -> LogLines:
    """Send every log, also those of libraries, to stderr, one JSON object a line. Called once, by the program."""
    # without a stderr every line is lost, and counted
    lines = LogLines(sys.stderr.fileno() if sys.stderr else -1)
    number = logging.getLevelNamesMapping()[level.upper()]
    shared: list[structlog.types.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    structlog.configure(
        processors=[*shared, structlog.processors.JSONRenderer()],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.WriteLoggerFactory(lines),  # type: ignore[arg-type]  # it writes and flushes only
    )
    handler = logging.StreamHandler(lines)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(),
            ],
        )
    )
    logging.basicConfig(level=number, handlers=[handler], force=True)
    # the core of gRPC writes to stderr by itself, in threads that serve calls
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")
    return lines
