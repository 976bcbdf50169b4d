"""What a measurement was taken on: a number without it means little."""

from __future__ import annotations

import os
import platform
import subprocess
from importlib.metadata import version
from pathlib import Path

_PACKAGES = ("trimtab", "ortools", "numpy", "numba", "protobuf")
_ROOT = Path(__file__).parents[1]


def describe_environment() -> dict[str, str]:
    """Commit, machine and versions."""
    return {
        "commit": _commit(),
        "machine": f"{platform.machine()}, {_processor()}",
        "cores": str(os.cpu_count()),
        "python": platform.python_version(),
        **{name: version(name) for name in _PACKAGES},
    }


def _commit() -> str:
    """The short hash; marked when something that is measured differs from it."""
    commit = _git("rev-parse", "--short", "HEAD")
    changed = _git("status", "--porcelain", "--", "solver", "server", "proto", "benchmarks", ":!benchmarks/RESULTS.md")
    return f"{commit or 'unknown'}{'+changes' if changed else ''}"


def _git(*arguments: str) -> str:
    ran = subprocess.run(["git", *arguments], cwd=_ROOT, capture_output=True, text=True, check=False)
    return ran.stdout.strip()


def _processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or "unknown processor"
