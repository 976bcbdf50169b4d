"""The subject ``startup``: whether the first request of a fresh service waits for compilers.

The same request goes twice to a service that has just started. When kernels were compiled at set-up or start-up, both
take the same time and reach the same quality.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from functools import partial

from benchmarks.service import Service, request_bytes
from benchmarks.subject import BenchmarkCase, CaseSelection, Row
from benchmarks.vmha.instance import generate, policy_files
from benchmarks.vmha.recipe import FAILURES, LOADS, SIZES, Recipe, Size
from benchmarks.vmha.subject import row_of

_BUDGET_S = 2.0


def cases(selection: CaseSelection) -> Iterator[BenchmarkCase]:
    """One size below and one above what the exact engine takes; the smallest in smoke mode."""
    for size in SIZES[:1] if selection.smoke else (SIZES[0], SIZES[2]):
        if selection.has_size(size.name):
            yield BenchmarkCase({"size": size.name, "budget_s": _BUDGET_S}, partial(_in_fresh_process, size))


def _in_fresh_process(size: Size) -> Row:
    """A fork server lives as long as the process that started it, so that a fresh one needs a fresh process."""
    ran = subprocess.run(
        [sys.executable, "-m", "benchmarks.startup", size.name], capture_output=True, text=True, check=False
    )
    if ran.returncode:
        raise RuntimeError(ran.stderr)
    row: Row = json.loads(ran.stdout)
    return row


def measure(size: Size) -> Row:
    """Start a service, ask it twice."""
    recipe = Recipe(size, LOADS[-1], FAILURES[0], 1)
    instance = generate(recipe)
    request = request_bytes(instance.snapshot, policy_files("rigid"), _BUDGET_S, recipe.seed)
    began = time.monotonic()
    with Service() as service:
        start_s = time.monotonic() - began
        first, second = (row_of(instance, service.plan(request, _BUDGET_S)) for _ in range(2))
    return {"start_s": round(start_s, 3), "first": first, "second": second}


if __name__ == "__main__":
    print(json.dumps(measure(next(size for size in SIZES if size.name == sys.argv[1]))))
