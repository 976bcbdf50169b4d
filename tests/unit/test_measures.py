"""Measures by name: the enum, the record and what policies may put in order belong together."""

from __future__ import annotations

import ast
from dataclasses import fields
from pathlib import Path

import pytest

from tests.support.cluster import policy, snapshot, vm
from tests.support.reading.levels import MEASURES
from tests.support.targets import problem_of
from trimtab_solver.measures import Key, Measure, PerMeasure, keys_of, per_measure
from trimtab_solver.rules.objectives import OrderedMeasure

_ROOT = Path(__file__).parents[2]


def test_the_record_has_a_field_per_measure() -> None:
    """In the order of the enum, and without defaults: whoever fills it in forgets none."""
    assert [field.name for field in fields(PerMeasure)] == [measure.value for measure in Measure]
    with pytest.raises(TypeError, match="missing"):
        PerMeasure(running={})  # type: ignore[call-arg]


def test_each_key_finds_its_own_value() -> None:
    """What is made from the keys is found by them."""
    keys = keys_of((3, 1))
    assert len(set(keys)) == len(Measure) + 1
    record = per_measure((3, 1), lambda key: key)
    assert [record[key] for key in keys] == list(keys)


def test_the_losses_of_another_rank_are_no_measure() -> None:
    """A key of a rank without guests, or of none, is a mistake."""
    record = per_measure((3,), lambda key: key.measure)
    with pytest.raises(KeyError):
        record[Key(Measure.RUNNING, 2)]
    with pytest.raises(AssertionError, match="per rank"):
        record[Key(Measure.RUNNING)]


def test_policies_order_all_but_the_first_two() -> None:
    """Who runs, and which must rules are broken, stay first whatever a policy says."""
    assert {one.value for one in OrderedMeasure} == set(Measure) - {Measure.RUNNING, Measure.INHERITED}


def test_without_objectives_every_measure_is_a_level() -> None:
    """In the order of the enum; the levels of ranks are named by their tiers."""
    problem = problem_of(snapshot([vm("g", tier="gold"), vm("b", tier="bronze")]), policy())
    names = problem.level_names
    assert names[:2] == ("running:gold", "running:bronze")
    assert names[2:] == tuple(measure.value for measure in Measure if measure is not Measure.RUNNING)
    assert tuple(key for level in problem.levels for key, _ in level.parts) == keys_of(problem.ranks)


def test_the_reading_of_the_tests_knows_every_measure() -> None:
    """Brute force has its own count of each, under the same name and in the same order."""
    assert tuple(measure.value for measure in Measure if measure is not Measure.RUNNING) == MEASURES


def _tells_measures_apart(path: Path) -> bool:
    """Whether a module ends a `match` on measures with `assert_never`, or fills in a record by name."""
    for node in ast.walk(ast.parse(path.read_text())):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
            continue
        if node.func.id == "assert_never" and "measure" in ast.unparse(node.args[0]):
            return True
        if node.func.id == "PerMeasure":
            return True
    return False


def test_the_page_names_every_place_that_tells_measures_apart() -> None:
    """docs/adding-a-level.md lists what a type-check points at, no more and no less."""
    page = (_ROOT / "docs" / "adding-a-level.md").read_text()
    listed = {line.split("`")[1] for line in page.splitlines() if line.strip().startswith("| `")}
    sources = [path for folder in ("solver", "server") for path in (_ROOT / folder).rglob("*.py")]
    found = {path.relative_to(_ROOT).as_posix() for path in sources if _tells_measures_apart(path)}
    assert listed == found - {"solver/trimtab_solver/measures.py"}


def test_no_place_that_tells_measures_apart_has_a_default() -> None:
    """A wildcard that answers for measures which nobody thought of would be silent about a new one."""
    silent = []
    for path in (_ROOT / "solver" / "trimtab_solver").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Match) and "Measure." in ast.unparse(node.cases[0].pattern):
                *_, last = node.cases
                if "assert_never" not in ast.unparse(last):
                    silent.append(f"{path.name}:{node.lineno}")
    assert silent == []
