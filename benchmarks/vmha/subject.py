"""The subject ``vmha``: every instance under both policies, planned by a real solver process within its budget."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from benchmarks.guest_counts import count_guests, final_hosts
from benchmarks.service import Measurement, Service, request_bytes
from benchmarks.subject import BenchmarkCase, CaseSelection, Row
from benchmarks.vmha.instance import Instance, generate, policy_files
from benchmarks.vmha.recipe import FAILURES, LOADS, SIZES, SIZINGS, Recipe

SMOKE_BUDGET_S = 2.5


class MiscountError(Exception):
    """An answer whose levels are not what its plan comes to: a bug in trimtab."""


def cases(selection: CaseSelection) -> Iterator[BenchmarkCase]:
    """Sizes from small to large; per size failures, loads, policies and seeds."""
    with Service() as service:
        for recipe in chosen(selection):
            budget_s = SMOKE_BUDGET_S if selection.smoke else recipe.size.budget_s * selection.budget_factor
            for sizing in SIZINGS:
                yield BenchmarkCase(
                    {**facts_of(recipe, sizing), "budget_s": budget_s},
                    partial(measure, service, recipe, sizing, budget_s),
                )


def chosen(selection: CaseSelection) -> Iterator[Recipe]:
    """The recipes of a selection; in smoke mode the smallest tight one alone."""
    if selection.smoke:
        yield Recipe(SIZES[0], LOADS[-1], FAILURES[0], 1)
        return
    for size in SIZES:
        if selection.has_size(size.name):
            for failure in FAILURES:
                for load in LOADS:
                    for seed in selection.seeds:
                        yield Recipe(size, load, failure, seed)


def facts_of(recipe: Recipe, sizing: str) -> Row:
    """What identifies an instance and its policy in rows."""
    return {
        "size": recipe.size.name,
        "failure": recipe.failure,
        "load": recipe.load,
        "sizing": sizing,
        "seed": recipe.seed,
    }


def measure(service: Service, recipe: Recipe, sizing: str, budget_s: float) -> Row:
    """Two requests, each to a process of its own: one for the first verified plan, one that may use the budget."""
    instance = generate(recipe)
    request = request_bytes(instance.snapshot, policy_files(sizing), budget_s, recipe.seed)
    first = service.plan(request, budget_s, at_once=True)
    return {
        "exact_load": round(instance.load, 5),
        "first": row_of(instance, first),
        **row_of(instance, service.plan(request, budget_s)),
    }


def row_of(instance: Instance, measured: Measurement) -> Row:
    """What one request came to, in figures.

    Raises
    ------
    MiscountError
        When the levels of the answer do not agree with the guests that its plan leaves down.
    """
    answer = measured.answer
    counted = count_guests(instance.snapshot, final_hosts(instance.snapshot, answer.plan))
    levels = {level.name: [level.value, level.bound] for level in answer.levels}
    for name, (value, _) in levels.items():
        kind, _, tier = name.partition(":")
        if kind == "running" and value != counted.lost.get(tier, 0):
            raise MiscountError(f"{instance.name}: level {name} is {value}, {counted.lost.get(tier, 0)} are down")
    return {
        "outcome": str(answer.outcome),
        "engine": answer.engine,
        "verified": answer.certificate.verified,
        "wall_s": round(measured.wall_s, 3),
        "peak_mib": measured.peak_mib,
        "stages_s": measured.report["stages_s"],
        "levels": levels,
        "actions": len(answer.plan.actions),
        "running": counted.running,
        "moved": counted.moved,
        "moved_percent": round(counted.moved_percent, 3),
        "stopped": counted.stopped,
        "progress": [
            [round(one.elapsed_s, 3), one.engine, {level.name: [level.value, level.bound] for level in one.levels}]
            for one in measured.improvements
        ],
    }
