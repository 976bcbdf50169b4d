"""What every solver process holds because it was forked from the preloaded server."""

from __future__ import annotations

import subprocess
import sys

NOT_NEEDED = ("rich", "structlog", "typer", "sqlalchemy", "grpc.aio")
"""Libraries of the front process and of the command line: megabytes that no solver process uses."""


def test_solver_processes_hold_nothing_of_the_front_process() -> None:
    """Forked processes pay for every page that is there, used or not."""
    program = "import sys, trimtab_server.preload; print(*sorted(sys.modules))"
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    loaded = set(run.stdout.split())
    assert "trimtab_solver.planner" in loaded
    assert not loaded & set(NOT_NEEDED)
