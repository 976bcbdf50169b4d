"""The subject ``roadef``: the challenge's instances at its time limit of 300 s, and at 60 s."""

from __future__ import annotations

import multiprocessing
import resource
from collections.abc import Iterator
from functools import partial
from typing import Final

from benchmarks.roadef.best_known import BEST_KNOWN, FINALISTS, score
from benchmarks.roadef.cost import cost_of
from benchmarks.roadef.solving import instance_files, solve
from benchmarks.subject import BenchmarkCase, CaseSelection, Row

SECONDS: Final = (60.0, 300.0)
SMOKE: Final = "a1_1"
SMOKE_SECONDS: Final = 1.0


def cases(selection: CaseSelection) -> Iterator[BenchmarkCase]:
    """Every instance at hand, short runs of all before the long ones."""
    for limit in (SMOKE_SECONDS,) if selection.smoke else SECONDS:
        seconds = limit * selection.budget_factor
        for name in instance_files():
            if (name == SMOKE) if selection.smoke else selection.has_size(name):
                for seed in selection.seeds:
                    yield BenchmarkCase(
                        {"size": name, "budget_s": seconds, "seed": seed}, partial(measure, name, seconds, seed)
                    )


def measure(name: str, seconds: float, seed: int) -> Row:
    """Solves one instance in a process of its own, so that its memory is its own."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(row_of, (name, seconds, seed))


def row_of(name: str, seconds: float, seed: int) -> Row:
    """What one run came to. Scores are in percent of the initial cost; see `best_known`."""
    solution = solve(*instance_files()[name], seconds, seed)
    initial = cost_of(solution.instance, solution.instance.initial).total
    total = solution.cost.total
    return {
        "initial": initial,
        "cost": total,
        "feasible": not solution.faults,
        "faults": list(solution.faults[:5]),
        "score": score(total, FINALISTS[name], initial) if name in FINALISTS else None,
        "score_best_known": score(total, BEST_KNOWN[name], initial) if name in BEST_KNOWN else None,
        "wall_s": round(solution.wall_s, 3),
        "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10,
        "curve": [[round(at, 3), cost] for at, cost in solution.curve],
    }
