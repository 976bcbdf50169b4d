"""Solves an instance and judges what comes out."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

from benchmarks.data import data_folder
from benchmarks.roadef.conversion import build_problem
from benchmarks.roadef.cost import Cost, cost_of, faults_of
from benchmarks.roadef.instance import RoadefInstance, read_instance
from benchmarks.roadef.search import improve
from trimtab_solver.primitives.encoding import Index


@dataclass(frozen=True, slots=True)
class RoadefSolution:
    """An assignment with the judge's verdict.

    `wall_s` is from the files to the assignment in memory; `curve` holds (seconds, cost) of each improvement.
    """

    instance: RoadefInstance

    assignment: Index
    cost: Cost
    faults: tuple[str, ...]
    wall_s: float
    curve: tuple[tuple[float, int], ...]


def solve(model: Path, initial: Path, seconds: float, seed: int) -> RoadefSolution:
    """Read, convert, search for what is left of the seconds, judge.

    Raises
    ------
    InstanceError
        When a file is not what it should be.
    OSError
        When a file cannot be read.
    """
    began = time.monotonic()
    curve: list[tuple[float, int]] = []
    instance = read_instance(model, initial)
    problem = build_problem(instance)
    built_s = time.monotonic() - began
    assignment = improve(problem, seconds - built_s, seed, lambda at, cost: curve.append((built_s + at, cost)))
    wall_s = time.monotonic() - began
    faults = tuple(faults_of(instance, assignment))
    return RoadefSolution(instance, assignment, cost_of(instance, assignment), faults, wall_s, tuple(curve))


def instance_files() -> dict[str, tuple[Path, Path]]:
    """Model and initial assignment of every instance at hand, by name, in the order of the challenge.

    Raises
    ------
    MissingDataError
        When the folder of third-party instances is not there.
    """
    found = {}
    for part in ("A", "B"):
        for model in data_folder(f"roadef2012/{part}").glob("model_*.txt*"):
            name = model.name.removeprefix("model_").partition(".")[0]
            initial = model.with_name(model.name.replace("model_", "assignment_", 1))
            if initial.exists():
                found[name] = (model, initial)
    return dict(sorted(found.items(), key=lambda item: (item[0][0], len(item[0]), item[0])))
