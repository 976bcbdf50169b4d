"""Why wishes remain unmet: the level or the budget that forbids a move that would lessen them."""

from __future__ import annotations

from dataclasses import replace

from tests.support.cluster import DOWN, policy, snapshot, vm
from trimtab_solver.planner import plan_recovery
from trimtab_solver.policy.documents import Level, Selector, Spec
from trimtab_solver.rules.action_budget import ActionBudget
from trimtab_solver.rules.balance import Above, Balance
from trimtab_solver.rules.pin import Pin

_EVEN = Balance(above=(Above(resource="memory_mib", threshold="80%"),))


def _notes(guests: int, **rules: Spec) -> tuple[str, ...]:
    """What is noted of guests on h1; h2 is empty and there is no other host."""
    found = snapshot([vm(f"g{i}", "h1", "gold") for i in range(guests)], {3: DOWN, 4: DOWN})
    return plan_recovery(replace(found, hardware_failures=0), policy(**rules)).notes


def test_a_hot_host_is_told_with_the_level_that_keeps_it_hot() -> None:
    """Moving a guest costs at a level that comes before; a host below its threshold is not mentioned."""
    assert _notes(4, even=_EVEN) == (
        "even: h1 is 100 % full of memory, above 80%; moving g0 to h2 would lessen that, "
        "but costs at the level disruption, which comes before balance",
    )
    assert _notes(3, even=_EVEN) == ()


def test_a_budget_that_keeps_a_wish_unmet_is_named() -> None:
    """The guest could go where it should be, and nobody may move."""
    home = Pin(select=Selector(ids=("g0",)), hosts=Selector(ids=("h2",)), level=Level.SHOULD, weight=5)
    (note,) = _notes(1, home=home, calm=ActionBudget(max_migrations=0))
    assert note == (
        "home: g0 on h1; moving g0 to h2 would lessen that, but the plan may move no more guests (ActionBudget)"
    )
