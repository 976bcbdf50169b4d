"""A reassignment instance and the problem made of it agree on every assignment."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import numpy as np
import pytest

from benchmarks.roadef.conversion import build_problem
from benchmarks.roadef.cost import cost_of, faults_of
from benchmarks.roadef.instance import BalanceCost, RoadefInstance, read_instance
from tests.unit.benchmarks.roadef.toy import write_toy
from trimtab_solver.problem import Problem, Target


def random_instance(seed: int) -> RoadefInstance:
    """A tiny instance whose initial assignment is feasible."""
    random = np.random.default_rng(seed)
    machines, services, processes = 4, 3, 5
    while True:
        instance = RoadefInstance(
            transient=random.random(2) < 0.5,
            load_weight=random.integers(0, 5, 2),
            neighbourhood=random.integers(0, 2, machines).astype(np.int32),
            location=random.integers(0, 3, machines).astype(np.int32),
            capacity=random.integers(8, 16, (machines, 2)),
            safety=random.integers(2, 8, (machines, 2)),
            machine_move=random.integers(0, 4, (machines, machines)) * (1 - np.eye(machines, dtype=np.int64)),
            spread=random.integers(0, 3, services).astype(np.int32),
            dependencies=((), (0,), (0, 1)) if random.random() < 0.5 else ((1,), (), ()),
            service=random.integers(0, services, processes).astype(np.int32),
            requirement=random.integers(0, 6, (processes, 2)),
            process_move=random.integers(0, 4, processes),
            balances=(BalanceCost(0, 1, 2, 3),),
            process_weight=int(random.integers(0, 3)),
            service_weight=int(random.integers(0, 3)),
            machine_weight=int(random.integers(0, 3)),
            initial=random.integers(0, machines, processes).astype(np.int32),
        )
        if not faults_of(instance, instance.initial):
            return instance


def is_admissible(problem: Problem, place: np.ndarray) -> bool:
    """Whether capacity and every must group hold."""
    usage = problem.capacity.usage(place, problem.upper)
    return bool((usage <= problem.capacity.limit).all()) and not problem.group_amounts(place).any()


def test_every_assignment_of_the_toy_costs_the_same_in_both_worlds(tmp_path: Path) -> None:
    """All 81 assignments: the level `cost` is the challenge's objective, the hard constraints are the must groups."""
    instance = read_instance(*write_toy(tmp_path))
    problem = build_problem(instance)
    assert problem.level_names == ("cost",)
    feasible = 0
    for machines in product(range(3), repeat=4):
        assignment = np.array(machines, dtype=np.int32)
        assert problem.evaluate(Target(assignment, problem.upper)) == (cost_of(instance, assignment).total,)
        assert is_admissible(problem, assignment) == (not faults_of(instance, assignment))
        feasible += is_admissible(problem, assignment)
    assert 1 < feasible < 81


@pytest.mark.parametrize("seed", range(12))
def test_random_instances_agree_on_random_assignments(seed: int) -> None:
    """Cost and feasibility are the same for 200 assignments of a random instance."""
    instance = random_instance(seed)
    problem = build_problem(instance)
    random = np.random.default_rng(seed)
    for _ in range(200):
        assignment = random.integers(0, instance.machine_count, instance.process_count).astype(np.int32)
        assert problem.evaluate(Target(assignment, problem.upper)) == (cost_of(instance, assignment).total,)
        assert is_admissible(problem, assignment) == (not faults_of(instance, assignment))


def test_an_isolated_dependency_on_itself_is_no_constraint(tmp_path: Path) -> None:
    """A service that depends on itself always has a process where it has one."""
    model, initial = write_toy(tmp_path)
    model.write_text(model.read_text().replace("1 1 0\n4", "1 1 1\n4"))
    problem = build_problem(read_instance(model, initial))
    assert [group.rule for group in problem.groups] == ["conflict", "spread", "conflict"]
