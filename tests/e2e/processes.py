"""Commands as processes, each in a session of its own so that nothing can be left behind unseen."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

TRIMTAB = Path(sys.executable).with_name("trimtab")
PATIENCE_S = 120.0
"""How long a test waits for what must happen; only failing tests wait so long."""

LINGER_S = 15.0
"""How long the processes of a command that has ended may take to end."""


@dataclass(frozen=True)
class Finished:
    """What a command wrote, and its exit code."""

    code: int
    out: str
    err: str


def _environment() -> dict[str, str]:
    unwanted = ("TRIMTAB_", "FORCE_COLOR", "NO_COLOR", "COLUMNS")
    return {name: value for name, value in os.environ.items() if not name.startswith(unwanted)}


def trimtab(*arguments: str | Path) -> Finished:
    """Run a command to its end."""
    done = subprocess.run(
        [TRIMTAB, *map(str, arguments)],
        capture_output=True,
        check=False,  # the exit code is what tests look at
        text=True,
        timeout=PATIENCE_S,
        env=_environment(),
    )
    return Finished(done.returncode, done.stdout, done.stderr)


def _heed_interrupts() -> None:
    """What shells start in the background inherits that interrupts are ignored; whoever sits at a terminal does not."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@contextlib.contextmanager
def started(*arguments: str | Path) -> Iterator[subprocess.Popen[str]]:
    """A command that runs in a session of its own; whatever is left of the session is killed in the end."""
    process = subprocess.Popen(
        [TRIMTAB, *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=_environment(),
        start_new_session=True,
        preexec_fn=_heed_interrupts,  # noqa: PLW1509  # one system call, which takes no lock
    )
    try:
        yield process
    finally:
        for pid in members(process.pid):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        process.communicate()


@contextlib.contextmanager
def serving(*flags: str) -> Iterator[str]:
    """`trimtab serve` on a free port; gives its address. It must end cleanly."""
    with started("serve", "--listen", "127.0.0.1:0", *flags) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        # the log goes on while it serves; a full pipe would stop the server
        threading.Thread(target=process.stderr.read, daemon=True).start()
        line = process.stdout.readline()
        assert line.startswith("trimtab listens on 127.0.0.1:"), line
        yield line.removeprefix("trimtab listens on ").partition(",")[0]
        process.terminate()
        assert process.wait(PATIENCE_S) == 0
        wait_for_the_end_of(process.pid)


def members(session: int) -> list[int]:
    """The processes of a session that are not zombies."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                # the name in brackets may hold blanks; state, parent, group and session follow it
                state, _, _, of_session = (entry / "stat").read_text().rpartition(")")[2].split()[:4]
                if int(of_session) == session and state != "Z":
                    found.append(int(entry.name))
    return found


def wait_for_the_end_of(session: int) -> None:
    """Wait until no process of the session is left, and fail after a while."""
    # the process that a server forks its solvers from ends a moment after it, when it notices
    end = time.monotonic() + LINGER_S
    pause = threading.Event()
    while left := members(session):
        assert time.monotonic() < end, f"processes are left behind: {left}"
        pause.wait(0.02)
