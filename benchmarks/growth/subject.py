"""The subject ``growth``: processor time of reading, checking and comparing policies of 100 to 10,000 documents.

Each row is one shape (`shapes`), with the seconds per size and how they grow from 1,000 to 10,000: seconds go with the
number to the power of the exponent. The garbage collector is off as in a solver process. No size is measured after one
that took longer than `_PATIENCE_S`.
"""

from __future__ import annotations

import gc
import math
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from functools import partial
from typing import Final

from benchmarks.growth.shapes import SHAPES, TEST, files_of
from benchmarks.subject import BenchmarkCase, CaseSelection, Row
from trimtab_server.sampling.generator import generate
from trimtab_server.sampling.options import SampleOptions
from trimtab_solver.authoring.lint import lint_files
from trimtab_solver.authoring.loader import parse_policy
from trimtab_solver.errors import PolicyRefusedError, RefusedError
from trimtab_solver.review.conflicts import find_conflicts
from trimtab_solver.review.contradictions import find_contradictions
from trimtab_solver.review.coverage import coverage_of
from trimtab_solver.review.diff import diff_policies
from trimtab_solver.review.testing import run_tests
from trimtab_solver.snapshot import Snapshot

SIZES: Final = (100, 1000, 10_000)
_PATIENCE_S: Final = 60.0
_HOSTS, _GUESTS = 20, 200

Files = Mapping[str, bytes]


def _lint(files: Files) -> None:
    lint_files(files)


def _lint_there(files: Files) -> None:
    lint_files(files, _cluster())


def _diff(files: Files) -> None:
    other = {name: content.replace(b"rank: ", b"rank: 1").replace(b"x1", b"y1") for name, content in files.items()}
    try:
        old, new = parse_policy(files), parse_policy(other)
    except PolicyRefusedError:
        return
    diff_policies(old, new)


def _contradictions(files: Files) -> None:
    with suppress(PolicyRefusedError):
        find_contradictions(parse_policy(files))


def _conflicts(files: Files) -> None:
    with suppress(RefusedError):
        find_conflicts(parse_policy({**files, "test.yaml": TEST}), _cluster())


def _coverage(files: Files) -> None:
    with suppress(PolicyRefusedError):
        policy = parse_policy({**files, "test.yaml": TEST})
        coverage_of(policy, run_tests(policy))


def _cluster() -> Snapshot:
    return generate(SampleOptions(hosts=_HOSTS, vms=_GUESTS, seed=1)).snapshot


TOOLS: Final[Mapping[str, Callable[[Files], None]]] = {
    "lint": _lint,
    "lint on a cluster": _lint_there,
    "diff": _diff,
    "conflicts": _contradictions,
    "conflicts on a cluster": _conflicts,
    "coverage": _coverage,
}
"""What is done with a policy; all of them read it."""


def cases(selection: CaseSelection) -> Iterator[BenchmarkCase]:
    """Each tool on each shape."""
    for tool in list(TOOLS)[:1] if selection.smoke else TOOLS:
        for shape in SHAPES:
            yield BenchmarkCase({"tool": tool, "shape": shape}, partial(measure, tool, shape, smoke=selection.smoke))


def measure(tool: str, shape: str, *, smoke: bool = False) -> Row:
    """Does it once for each size."""
    took: dict[int, float] = {}
    for number in SIZES[:1] if smoke else SIZES:
        files = files_of(SHAPES[shape], number)
        took[number] = _cpu_s(partial(TOOLS[tool], files))
        if took[number] > _PATIENCE_S:
            break
    return {
        **{f"cpu_s_{number}": round(seconds, 3) for number, seconds in took.items()},
        "exponent": round(exponent(took), 2) if len(took) > 1 else None,
    }


def exponent(took: Mapping[int, float]) -> float:
    """How what it takes grows from the last size but one to the last: with the number to this power."""
    (less, before), (more, after) = sorted(took.items())[-2:]
    return math.log(after / before) / math.log(more / less)


def _cpu_s(work: Callable[[], None]) -> float:
    gc.collect()
    gc.disable()
    try:
        began = time.process_time()
        work()
        return time.process_time() - began
    finally:
        gc.enable()
