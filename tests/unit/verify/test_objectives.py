"""Objectives, put together by hand."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.cluster import policy, snapshot, vm
from tests.support.targets import problem_of
from tests.unit.verify.test_placement_judge import judged
from trimtab_solver.policy.documents import Level, Selector
from trimtab_solver.rules.objectives import Objectives
from trimtab_solver.rules.pin import Pin

_COST = {"name": "cost", "measures": {"should": 100, "shrinkage": 1}}
USUAL = ("stops", "shrinkage", "should", "disruption", "balance")


def objectives(*levels: Any) -> Objectives:
    return Objectives.model_validate({"levels": list(levels)})


def test_levels_come_in_the_order_and_with_the_weights_of_the_document() -> None:
    """A move of 10 MiB and a should rule of weight 3, broken twice."""
    rules = policy(
        order=objectives(
            "disruption", "stops", {"name": "cost", "measures": {"should": 100, "shrinkage": 1}}, "balance"
        ),
        home=Pin(select=Selector(cel="true"), hosts=Selector(ids=("h4",)), level=Level.SHOULD, weight=3),
    )
    cluster = snapshot([vm("a", "h1"), vm("b", "h1")])
    verdict = judged(cluster, {"a": "h2", "b": "h1"}, rules=rules)
    expected = [
        ("running:bronze", 0),
        ("inherited", 0),
        ("disruption", 10),
        ("stops", 0),
        ("cost", 600),
        ("balance", 0),
    ]
    assert list(verdict.levels) == expected
    assert problem_of(cluster, rules).level_names == tuple(name for name, _ in expected)


def test_the_usual_order_may_be_written_down() -> None:
    """It is what holds without the document."""
    cluster = snapshot([vm("a", "h1")])
    assert (
        judged(cluster, {"a": "h2"}, rules=policy(order=objectives(*USUAL))).levels
        == judged(cluster, {"a": "h2"}).levels
    )


@pytest.mark.parametrize(
    ("levels", "message"),
    [
        (USUAL[1:], "stops is part of no levels"),
        ((*USUAL, "stops"), "stops is part of 2 levels"),
        (("stops", "balance", "shrinkage", "should", "disruption"), "shrinkage must be part"),
        (
            (*USUAL[:1], {"name": "sum", "measures": dict.fromkeys(USUAL[1:], 1)}),
            "shrinkage must be part of a level before",
        ),
        ((*USUAL[:4], {"name": "should", "measures": {"balance": 2}}), 'the name "should" is taken'),
        ((*USUAL[:4], "inherited"), "inherited"),
        ((*USUAL[:4], {"name": "sum", "measures": {"balance": 0}}), "greater than or equal to 1"),
    ],
)
def test_levels_that_make_no_order_are_refused(levels: tuple[Any, ...], message: str) -> None:
    """Each measure once, shrinkage before balance, names that tell levels apart."""
    with pytest.raises(ValueError, match=message):
        objectives(*levels)
