"""The subject ``btrplace``: nodes gone (nr), more demand (li), and the instances of the TDSC paper."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Final

from benchmarks.btrplace.planning import plan_file
from benchmarks.data import data_folder
from benchmarks.service import Service
from benchmarks.subject import BenchmarkCase, CaseSelection, Row

SECONDS: Final = 8.0
"""So that the answer is there within ten."""
SMOKE: Final = "issues/issue-131-0"
SMOKE_SECONDS: Final = 1.0
_FOLDERS: Final = ("issues", "std-perf", "tdsc")


def cases(selection: CaseSelection) -> Iterator[BenchmarkCase]:
    """All instances at hand; the smallest in smoke mode."""
    root = data_folder("btrplace")
    seconds = SMOKE_SECONDS if selection.smoke else SECONDS * selection.budget_factor
    files = {_name(root, path): path for folder in _FOLDERS for path in sorted((root / folder).glob("*.gz"))}
    with Service() as service:
        for name, path in files.items():
            if (name == SMOKE) if selection.smoke else selection.has_size(name):
                seed = selection.seeds[0]
                run = partial(_measure, service, path, seconds, seed)
                yield BenchmarkCase({"size": name, "budget_s": seconds, "seed": seed}, run)


def _measure(service: Service, path: Path, seconds: float, seed: int) -> Row:
    return plan_file(service, path, seconds, seed).row


def _name(root: Path, path: Path) -> str:
    return str(path.relative_to(root)).removesuffix(".gz").removesuffix(".json")
