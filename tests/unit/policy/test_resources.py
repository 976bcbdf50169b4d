"""Resources that documents name, and what an answer says of those that no host has."""

from __future__ import annotations

import pytest

from tests.support.cluster import policy, snapshot, vm
from trimtab_solver.planner import plan_recovery
from trimtab_solver.policy.documents import Spec
from trimtab_solver.policy.resources import resources_named
from trimtab_solver.rules.action_budget import ActionBudget
from trimtab_solver.rules.balance import Above, Balance, FreeRatio, PeakLoad
from trimtab_solver.rules.reserve import Reserve
from trimtab_solver.rules.resize import Resize
from trimtab_solver.rules.tier import Shrinking, Tier


@pytest.mark.parametrize(
    ("spec", "wanted"),
    [
        (
            Tier(rank=1, no_overcommit=("a", "b"), resize=Shrinking(floor={"c": "50%"})),
            [("spec.resize.floor.c", "c"), ("spec.noOvercommit[0]", "a"), ("spec.noOvercommit[1]", "b")],
        ),
        (Resize.model_validate({"select": {"ids": ["v"]}, "floor": {"a": "50%"}}), [("spec.floor.a", "a")]),
        (Reserve(hosts=1, resources=("a",)), [("spec.resources[0]", "a")]),
        (Reserve(hosts=1), []),
        (ActionBudget(held_at_both_ends=("a",)), [("spec.heldAtBothEnds[0]", "a")]),
        (
            Balance(
                above=(Above(resource="a", threshold="80%"),),
                ratios=(FreeRatio(left="b", right="c", target=1),),
                peaks=(PeakLoad(resource="d"),),
            ),
            [
                ("spec.above[0].resource", "a"),
                ("spec.ratios[0].left", "b"),
                ("spec.ratios[0].right", "c"),
                ("spec.peaks[0].resource", "d"),
            ],
        ),
    ],
)
def test_every_field_that_names_a_resource_is_seen(spec: Spec, wanted: list[tuple[str, str]]) -> None:
    """Lists, keys of mappings and fields of parts, with the path as YAML spells it."""
    document = next(one for one in policy(x=spec).documents if one.name == "x")
    assert [(one.path, one.resource) for one in resources_named(document)] == wanted


def test_an_answer_says_which_promise_holds_nothing() -> None:
    """`noOvercommit: [memory]` would pass in silence; what is switched off is not mentioned."""
    named = Reserve(hosts=1, resources=("memory",))
    off = Reserve(hosts=1, resources=("nothing_like_it",), enabled=False)
    answer = plan_recovery(snapshot([vm("a", "h1", "gold")]), policy(room=named, off=off))
    (note,) = [note for note in answer.notes if "resource" in note]
    assert note.endswith('Reserve room names the resource "memory", which no host has (did you mean "memory_mib"?)')
