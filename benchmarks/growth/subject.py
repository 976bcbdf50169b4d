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
from functools import partial
from typing import Final

from benchmarks.growth.shapes import SHAPES, files_of
from benchmarks.subject import BenchmarkCase, CaseSelection, Row
from trimtab_server.sampling.generator import generate
from trimtab_server.sampling.options import SampleOptions
from trimtab_solver.authoring.lint import lint_files
from trimtab_solver.authoring.loader import parse_policy
from trimtab_solver.errors import PolicyRefusedError
from trimtab_solver.review.diff import diff_policies

SIZES: Final = (100, 1000, 10_000)
_PATIENCE_S: Final = 60.0
_HOSTS, _GUESTS = 20, 200

Files = Mapping[str, bytes]


def _lint(files: Files) -> None:
    lint_files(files)


def _lint_there(files: Files) -> None:
    lint_files(files, generate(SampleOptions(hosts=_HOSTS, vms=_GUESTS, seed=1)).snapshot)


def _diff(files: Files) -> None:
    other = {name: content.replace(b"rank: ", b"rank: 1").replace(b"x1", b"y1") for name, content in files.items()}
    try:
        old, new = parse_policy(files), parse_policy(other)
    except PolicyRefusedError:
        return
    diff_policies(old, new)


TOOLS: Final[Mapping[str, Callable[[Files], None]]] = {
    "lint": _lint,
    "lint on a cluster": _lint_there,
    "diff": _diff,
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
