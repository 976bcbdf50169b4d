"""Reassignment instances are read as they are written, and bad files are refused."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest

from benchmarks.roadef.instance import InstanceError, read_assignment, read_instance, write_assignment
from tests.unit.benchmarks.roadef.toy import MODEL, write_toy


def test_every_number_of_the_model_arrives_in_its_field(tmp_path: Path) -> None:
    """The toy's fields hold what its text says."""
    instance = read_instance(*write_toy(tmp_path))
    assert instance.transient.tolist() == [True, False]
    assert instance.load_weight.tolist() == [2, 3]
    assert instance.location.tolist() == [0, 1, 1]
    assert instance.neighbourhood.tolist() == [0, 0, 1]
    assert instance.safety[2].tolist() == [6, 10]
    assert instance.machine_move[2].tolist() == [3, 3, 0]
    assert instance.dependencies == ((), (0,))
    assert instance.requirement[2].tolist() == [4, 8]
    assert instance.process_move.tolist() == [5, 2, 1, 4]
    assert (instance.process_weight, instance.service_weight, instance.machine_weight) == (1, 10, 7)
    assert instance.balances[0].weight == 5
    assert instance.initial.tolist() == [0, 1, 0, 1]


def test_gzipped_files_read_the_same(tmp_path: Path) -> None:
    """A .gz copy of model and assignment gives the same instance."""
    plain = write_toy(tmp_path)
    packed = [tmp_path / f"{path.name}.gz" for path in plain]
    for path, copy in zip(plain, packed, strict=True):
        copy.write_bytes(gzip.compress(path.read_bytes()))
    one, other = read_instance(*plain), read_instance(*packed)
    assert np.array_equal(one.requirement, other.requirement)
    assert np.array_equal(one.initial, other.initial)


@pytest.mark.parametrize("name", ["solution.txt", "solution.txt.gz"])
def test_a_written_assignment_reads_back(tmp_path: Path, name: str) -> None:
    """Writing and reading an assignment gives the same machines."""
    assignment = np.array([2, 0, 1, 1], dtype=np.int32)
    write_assignment(tmp_path / name, assignment)
    assert read_assignment(tmp_path / name, 4, 3).tolist() == [2, 0, 1, 1]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (MODEL[:40], "more were announced"),
        (MODEL + " 1", "1 numbers more"),
        (MODEL.replace("1 10 7", "1 ten 7"), "not an integer"),
        (MODEL.replace("1  2 2  4", "7  2 2  4"), "names service 7, but there are 2"),
    ],
)
def test_a_bad_model_is_refused_with_what_is_wrong(tmp_path: Path, text: str, message: str) -> None:
    """Truncated, overlong, non-numeric and inconsistent models raise an error that says so."""
    model, initial = write_toy(tmp_path)
    model.write_text(text)
    with pytest.raises(InstanceError, match=message):
        read_instance(model, initial)


def test_an_assignment_to_an_unknown_machine_is_refused(tmp_path: Path) -> None:
    """The error names the machine and how many there are."""
    path = tmp_path / "assignment.txt"
    path.write_text("0 1 3 1")
    with pytest.raises(InstanceError, match="on machine 3, but there are 3"):
        read_assignment(path, 4, 3)
