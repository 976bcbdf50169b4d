"""A start on a machine where nothing has been compiled yet."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.siege.besieged import FULL
from trimtab_solver.jit import CACHE_VARIABLE

_PAGES = "import trimtab_server.preload; print(open('/proc/self/statm').read().split()[1])"


@pytest.mark.skipif(not FULL, reason="compiles for a minute: make siege")
def test_what_compiling_leaves_behind_is_not_inherited(tmp_path: Path) -> None:
    """With an empty cache the process that solver processes are forked from is as large as with a full one."""
    environment = os.environ | {CACHE_VARIABLE: str(tmp_path)}
    pages = [
        int(subprocess.run([sys.executable, "-c", _PAGES], capture_output=True, check=True, env=environment).stdout)
        for _ in range(2)
    ]
    assert pages[0] < 1.1 * pages[1]
