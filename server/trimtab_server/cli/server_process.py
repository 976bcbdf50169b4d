"""A server in a process of its own, for as long as it is needed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Final, Self

from .exits import CommandError, ExitCode

_START_S: Final = 30.0
_STOP_S: Final = 20.0
_LINES_KEPT: Final = 20


class ServerProcess:
    """Starts a server on any free port of loopback when the context is entered, and leaves no process behind.

    Raises
    ------
    CommandError
        On entering, when the server does not come up.
    """

    def __init__(self, policy: Path) -> None:
        self._policy = policy
        self._process: subprocess.Popen[str] | None = None
        self._listening = threading.Event()
        self._port = 0
        self._last_lines: list[str] = []
        self.started_s = 0.0
        """Seconds until it listened."""

    @property
    def address(self) -> str:
        """Where it listens, HOST:PORT."""
        return f"127.0.0.1:{self._port}"

    @property
    def pid(self) -> int:
        """Its process."""
        assert self._process is not None
        return self._process.pid

    def __enter__(self) -> Self:
        began = time.monotonic()
        flags = ["--listen", "127.0.0.1:0", "--policy", str(self._policy), "--grace-s", "5"]
        # settings of a server that the user runs are not meant for this one
        environment = {name: value for name, value in os.environ.items() if not name.startswith("TRIMTAB_")}
        self._process = subprocess.Popen(  # noqa: S603  # our own module, our own flags
            [sys.executable, "-m", "trimtab_server", *flags],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            env=environment,
        )
        assert self._process.stderr is not None
        threading.Thread(target=self._read, args=(self._process.stderr,), daemon=True).start()
        self._listening.wait(_START_S)
        if not self._port:
            self._kill()
            lines = ["the server did not start; its last words:", *self._last_lines]
            raise CommandError(ExitCode.SERVER_UNAVAILABLE, lines)
        self.started_s = time.monotonic() - began
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.is_running:
            self.stop()

    @property
    def is_running(self) -> bool:
        """Whether the process is there."""
        return self._process is not None and self._process.poll() is None

    def stop(self) -> int:
        """Send SIGTERM and wait; a server that does not end is killed. Gives its exit code."""
        assert self._process is not None
        self._process.send_signal(signal.SIGTERM)
        try:
            return self._process.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            self._kill()
            return self._process.wait()

    def _kill(self) -> None:
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    def _read(self, log: IO[str]) -> None:
        for line in log:
            self._last_lines = [*self._last_lines[1 - _LINES_KEPT :], line.rstrip("\n")]
            event = _event_in(line)
            if event.get("event") == "listening":
                self._port = int(event["port"])
                self._listening.set()
        # the process has ended: nobody needs to wait longer
        self._listening.set()


def _event_in(line: str) -> dict[str, Any]:
    """The log entry in the line; nothing for a line that is none, such as part of a traceback."""
    if not line.startswith("{"):
        return {}
    try:
        event = json.loads(line)
    except json.JSONDecodeError:
        return {}
    return event if isinstance(event, dict) else {}
