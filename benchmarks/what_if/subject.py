"""The subject ``what_if``: losses of parts of a cluster assessed in processes, and what that costs.

Clusters are those of `trimtab sample` with nobody failed, under the policy that they are made for: tiers, quorums,
storage pools, feeds. Any size can be had, and its load is that of the whole cluster, to which each loss
happens. ``wall_s`` is from the first call to the last verdict, the preparation of the cluster included;
``cpu_ms_each`` is without it, ``once_cpu_s`` with nothing else.
"""

from __future__ import annotations

import resource
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import Final

from benchmarks.subject import BenchmarkCase, CaseSelection, Row
from benchmarks.what_if.batch import Batch
from benchmarks.what_if.plan_loop import plan_each
from benchmarks.what_if.process_watch import Peaks, ProcessWatch
from trimtab_solver.scenarios.scenario import Scenario
from trimtab_solver.what_if.runners.processes import Processes
from trimtab_solver.what_if.runners.runner import Assignment
from trimtab_solver.what_if.verdicts import ScenarioVerdict

WORKERS: Final = 2
EARLY: Final = 500
"""Memory after so many scenarios stands beside that at the end."""
GROWTH_SCENARIOS: Final = 50
"""Of each cluster on the way to larger ones."""
_PLANS: Final = 10
PLAN_BUDGET_S: Final = 1.0
"""A tenth of what `trimtab plan` takes unless told otherwise, and what a verdict may search for."""
_SMOKE_BUDGET_S: Final = 0.2
_LOAD: Final = 0.95
_GUESTS_A_HOST: Final = 25
_SMOKE: Final = Batch(20, 200, _LOAD, "host", 1, 6)

BATCHES: Final = (
    Batch(200, 5000, _LOAD, "host", 1),
    Batch(1000, 25_000, _LOAD, "host", 1),
    Batch(1000, 25_000, 0.6, "site", 1),
    Batch(100, 1000, _LOAD, "host", 2),
    Batch(200, 5000, _LOAD, "host", 2),
    Batch(5000, 50_000, _LOAD, "host", 1),
)
"""The bars. The pairs of a small cluster are there for memory, which should be flat."""
GROWTH: Final = (
    *(Batch(hosts, hosts * _GUESTS_A_HOST, _LOAD, "host", 1, GROWTH_SCENARIOS) for hosts in (50, 100, 200, 400, 800)),
    *(Batch(100, 2500, _LOAD, "host", 2, first) for first in (50, 150, 500, 1500, 4500)),
)
"""Cost over hosts, and over scenarios."""
PLANNED: Final = (Batch(50, 1250, _LOAD, "host", 1), Batch(200, 5000, _LOAD, "host", 1))
"""Beside a plan for each of some of the losses."""


def cases(selection: CaseSelection) -> Iterator[BenchmarkCase]:
    """Bars, growth (the first seed alone), and plans beside verdicts."""
    if selection.smoke:
        yield from _cases([_SMOKE], selection, selection.seeds, 2, _SMOKE_BUDGET_S)
        return
    yield from _cases(BATCHES, selection, selection.seeds)
    yield from _cases(GROWTH, selection, selection.seeds[:1])
    budget_s = PLAN_BUDGET_S * selection.budget_factor
    yield from _cases(PLANNED, selection, selection.seeds[:1], _PLANS, budget_s)


def _cases(
    batches: Iterable[Batch], selection: CaseSelection, seeds: Sequence[int], plans: int = 0, budget_s: float = 0.0
) -> Iterator[BenchmarkCase]:
    for batch in batches:
        if not selection.has_size(batch.size):
            continue
        first = min(filter(None, (batch.first, selection.scenarios)), default=0)
        for seed in seeds:
            facts = {"size": batch.size, "load": batch.load, "lost": batch.lost, "first": first or "all"}
            facts |= {"plans": plans, "plan_budget_s": budget_s} if plans else {}
            run = partial(measure, replace(batch, first=first), seed, plans, budget_s)
            yield BenchmarkCase({**facts, "workers": WORKERS, "seed": seed}, run)


def measure(batch: Batch, seed: int, plans: int, budget_s: float) -> Row:
    """Assesses the batch, and plans then for so many of its losses that are spread over it."""
    assignment, scenarios = batch.generate(seed)
    by_number, row = _assess(assignment, scenarios)
    if not plans:
        return row
    chosen = range(0, len(scenarios), max(1, len(scenarios) // plans))[:plans]
    planned = plan_each(assignment, [(scenarios[number], by_number[number]) for number in chosen], budget_s)
    each_s = row["wall_s"] / row["scenarios"]
    faster = {name: round(planned[f"{name}_s"] / each_s, 1) for name in ("plan", "enough")}
    return row | planned | {"times_faster": faster}


def _assess(assignment: Assignment, scenarios: Sequence[Scenario]) -> tuple[dict[int, ScenarioVerdict], Row]:
    by_number: dict[int, ScenarioVerdict] = {}
    first_s, early = 0.0, Peaks()
    began, cpu_began = time.monotonic(), _cpu_s()
    with ProcessWatch() as watch:
        for number, verdict in Processes(WORKERS).run(assignment, scenarios):
            by_number[number] = verdict
            first_s = first_s or time.monotonic() - began
            if len(by_number) == min(EARLY, len(scenarios)):
                early = watch.peaks
    wall_s, cpu_s, late = time.monotonic() - began, _cpu_s() - cpu_began, watch.peaks
    lose = Counter(tier for verdict in by_number.values() for tier in verdict.last.lost)
    return by_number, {
        "scenarios": len(by_number),
        "wall_s": round(wall_s, 3),
        "first_s": round(first_s, 3),
        "scenarios_per_s": round(len(by_number) / wall_s, 2),
        "once_cpu_s": round(late.forking_cpu_s, 2),
        "cpu_ms_each": round(1000 * (cpu_s - late.forking_cpu_s) / len(by_number), 2),
        "bases": dict(Counter(str(verdict.last.basis) for verdict in by_number.values())),
        "lose": dict(lose),
        "peak_mib": {"early": _mib(early), "end": _mib(late)},
    }


def _mib(peaks: Peaks) -> Row:
    return {"forking": peaks.forking, "worker": peaks.worker, "own": peaks.own}


def _cpu_s() -> float:
    """Processor time of this process and of those that it, or a child of its, has waited for."""
    own, others = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    return own.ru_utime + own.ru_stime + others.ru_utime + others.ru_stime
