"""The command line of the reassignment benchmark solves, writes and judges."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import numpy as np
import pytest

from benchmarks.roadef.__main__ import main
from benchmarks.roadef.cost import cost_of, faults_of
from benchmarks.roadef.instance import read_assignment, read_instance
from tests.unit.benchmarks.roadef.toy import write_toy


def test_the_written_assignment_is_feasible_and_costs_what_is_printed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The toy costs 40 at the start; the best of its 81 assignments is found."""
    model, initial = write_toy(tmp_path)
    out = tmp_path / "solution.txt"
    assert main([str(model), str(initial), "--seconds", "1", "--out", str(out)]) == 0
    instance = read_instance(model, initial)
    assignment = read_assignment(out, instance.process_count, instance.machine_count)
    assert faults_of(instance, assignment) == []
    cost = cost_of(instance, assignment).total
    printed = capsys.readouterr().out
    assert printed.startswith(f"cost {cost} (load ")
    assert cost == best_cost(model, initial)


def best_cost(model: Path, initial: Path) -> int:
    """By trying every assignment."""
    instance = read_instance(model, initial)
    assignments = (
        np.array(machines, dtype=np.int32)
        for machines in product(range(instance.machine_count), repeat=instance.process_count)
    )
    return min(cost_of(instance, one).total for one in assignments if not faults_of(instance, one))


def test_a_file_that_is_no_instance_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 2 and a message that names the file."""
    model, initial = write_toy(tmp_path)
    model.write_text("2 1 2")
    assert main([str(model), str(initial), "--seconds", "1"]) == 2
    assert str(model) in capsys.readouterr().err
