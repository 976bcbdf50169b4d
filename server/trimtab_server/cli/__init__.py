"""The command line ``trimtab``."""

from __future__ import annotations

import os
import signal
import sys
from types import FrameType

_INTERRUPTED = 130


def main() -> None:
    """Run the command line on the arguments of the process, and leave with its exit code."""
    if sys.stdout is None:
        print("standard output is closed", file=sys.stderr)
        sys.exit(2)
    # an exception in the middle of an import would look like a broken library, or get lost in one
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _end)
    from .application import application

    application(prog_name="trimtab")


def _end(_number: int, _frame: FrameType | None) -> None:
    """Ends the process at once; commands that have something to put in order first heed interrupts themselves."""
    os.write(2, b"interrupted\n")
    os._exit(_INTERRUPTED)
