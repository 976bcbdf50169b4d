"""The benchmark's own judge of reassignments counts as the challenge does."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from benchmarks.roadef.cost import Cost, cost_of, faults_of
from benchmarks.roadef.instance import RoadefInstance, read_instance
from tests.unit.benchmarks.roadef.toy import write_toy

PUBLISHED = {"A/a1_1": 49_528_750, "A/a2_2": 1_876_768_120, "B/b_1": 7_644_173_180, "B/b_9": 23_234_641_520}
"""Initial costs as published."""


@pytest.fixture
def toy(tmp_path: Path) -> RoadefInstance:
    return read_instance(*write_toy(tmp_path))


def test_the_initial_assignment_costs_load_and_balance_only(toy: RoadefInstance) -> None:
    """Counted by hand: 7 units of resource 0 and 2 of resource 1 over safety; machine 2 is out of balance by 4."""
    assert cost_of(toy, toy.initial) == Cost(20, 20, 0, 0, 0)
    assert faults_of(toy, toy.initial) == []


def test_a_move_costs_its_process_its_service_and_its_machines(toy: RoadefInstance) -> None:
    """Process 1 from machine 1 to 2, counted by hand."""
    moved = np.array([0, 2, 0, 1], dtype=np.int32)
    assert cost_of(toy, moved) == Cost(18, 15, 2, 10, 14)
    assert cost_of(toy, moved).total == 59
    assert faults_of(toy, moved) == []


@pytest.mark.parametrize(
    ("assignment", "fault"),
    [
        ([0, 0, 1, 1], "machine 0: 13 of resource 0 used"),
        ([0, 0, 1, 0], "service 0: several processes on machine 0"),
        ([2, 1, 0, 1], "service 0: in 1 locations, at least 2"),
        ([0, 1, 2, 1], "service 1: in neighbourhood 1 without service 0"),
    ],
)
def test_each_hard_constraint_is_noticed(toy: RoadefInstance, assignment: list[int], fault: str) -> None:
    """Room, conflict, spread and dependency, each broken by one assignment."""
    faults = faults_of(toy, np.array(assignment, dtype=np.int32))
    assert any(one.startswith(fault) for one in faults), faults


def test_a_transient_resource_counts_at_both_ends(toy: RoadefInstance) -> None:
    """Processes 0 and 1 swapped fit in the end, but not while both ends hold resource 0."""
    faults = faults_of(toy, np.array([1, 0, 0, 1], dtype=np.int32))
    assert faults == [
        "machine 0: 13 of resource 0 used, the capacity is 10",
        "machine 1: 11 of resource 0 used, the capacity is 10",
    ]


@pytest.mark.parametrize("name", PUBLISHED)
def test_published_initial_costs_are_reproduced(name: str) -> None:
    """The initial cost of a challenge instance is the published one."""
    if not (folder := os.environ.get("TRIMTAB_BENCH_DATA")):
        pytest.skip("TRIMTAB_BENCH_DATA does not name the folder of third-party instances")
    part, instance = name.split("/")
    root = Path(folder) / "roadef2012" / part
    read = read_instance(root / f"model_{instance}.txt.gz", root / f"assignment_{instance}.txt.gz")
    assert cost_of(read, read.initial).total == PUBLISHED[name]
    assert faults_of(read, read.initial) == []
