"""Measures by name: the enum, the record and what policies may put in order belong together."""

from __future__ import annotations

from dataclasses import fields

import pytest

from tests.support.cluster import policy, snapshot, vm
from tests.support.reading.levels import MEASURES
from tests.support.targets import problem_of
from trimtab_solver.measures import Key, Measure, PerMeasure, keys_of, per_measure
from trimtab_solver.rules.objectives import OrderedMeasure


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
