"""Attraction: which rules become wishes, what they cost, what they are in memory, and that plans name them."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import numpy as np
import pytest

from tests.support.cluster import policy, snapshot, vm
from tests.support.strategies import document
from trimtab_solver.compilation.allowed import Needs, allowed_hosts
from trimtab_solver.options import PlanOptions
from trimtab_solver.planner import plan_recovery
from trimtab_solver.policy.columns import EncodedColumn
from trimtab_solver.policy.documents import Level, Selector
from trimtab_solver.primitives.allowed import HostRule
from trimtab_solver.primitives.attraction import Attraction, Unary, Wish
from trimtab_solver.rules.pin import Pin
from trimtab_solver.rules.unary import unary

_EVERY = Selector(cel="true")


def _numbers(*numbers: int) -> Any:
    return np.array(numbers, dtype=np.int32)


def _rule(guests: Any, hosts: Any, host_count: int, weight: int | None = 3) -> Unary:
    pin = Pin(level=Level.MUST if weight is None else Level.SHOULD, weight=weight, select=_EVERY, hosts=_EVERY)
    return unary(document("home", pin), pin, guests, np.isin(np.arange(host_count), hosts))


def _bytes(record: Any) -> int:
    """What the arrays of a dataclass take, those of the rules that it holds included."""
    total = 0
    for field in fields(record):
        value = getattr(record, field.name)
        total += value.nbytes if isinstance(value, np.ndarray) else 0
        total += (
            sum(_bytes(one) for one in value if isinstance(one, Wish | HostRule)) if isinstance(value, tuple) else 0
        )
    return total


@pytest.mark.parametrize(
    ("guests", "hosts", "weight", "kind"),
    [
        (1, 1, 3, Wish),
        (1, 0, 3, Wish),
        (8, 1, 3, Wish),
        (4, 2, 3, Wish),
        (9, 1, 3, HostRule),
        (1, 3, 3, HostRule),
        (1, 1, None, HostRule),
    ],
)
def test_should_rules_that_list_few_hosts_are_wishes(guests: int, hosts: int, weight: int | None, kind: type) -> None:
    """Of eight hosts at most two, and no more pairs than hosts; must rules never. Either form serves the same hosts."""
    rule = _rule(np.arange(guests, dtype=np.int32), np.arange(hosts), 8, weight)
    assert type(rule) is kind
    assert (rule.must, rule.weight) == (weight is None, weight or 0)
    assert [rule.serves(h) for h in range(8)] == [h < hosts for h in range(8)]


def test_wishes_of_a_guest_add_up() -> None:
    """Two that agree, one for another host, one that no host serves; a guest without any costs nothing anywhere."""
    wishes = [
        Wish("home", 3, _numbers(0, 2), _numbers(1)),
        Wish("near", 5, _numbers(2), _numbers(0, 1)),
        Wish("off", 7, _numbers(2), _numbers()),
    ]
    attraction = Attraction.of(3, 3, wishes)
    assert [attraction.row(v).tolist() for v in range(3)] == [[3, 0, 3], [0, 0, 0], [10, 7, 15]]
    guests, hosts = np.divmod(np.arange(9), 3)
    assert attraction.cost(guests, hosts).tolist() == [3, 0, 3, 0, 0, 0, 10, 7, 15]
    assert [[wish.rule for wish in attraction.rules_of(v)] for v in range(3)] == [["home"], [], ["home", "near", "off"]]


def test_a_wish_of_every_guest_takes_megabytes() -> None:
    """50,000 guests that each should go home to one of 5,000 hosts are one class; a class of each took 4.25 GB."""
    guest_count, host_count = 50_000, 5_000
    pin = Pin(level=Level.SHOULD, weight=1, select=_EVERY, hosts=_EVERY)
    home = document("home", pin)
    hosts = np.zeros(host_count, dtype=np.bool_)
    wishes = []
    for v in range(guest_count):
        hosts[v % host_count] = True
        wishes.append(unary(home, pin, np.array([v], dtype=np.int32), hosts))
        hosts[v % host_count] = False
    needs = Needs(EncodedColumn.of([()] * guest_count, guest_count), np.ones((1, host_count), dtype=np.bool_))
    rules = tuple(rule for rule in wishes if isinstance(rule, HostRule))
    allowed = allowed_hosts(needs, np.ones(host_count, dtype=np.bool_), rules)
    attraction = Attraction.of(guest_count, host_count, [wish for wish in wishes if isinstance(wish, Wish)])
    assert len(attraction.wishes) == guest_count
    assert _bytes(allowed) + _bytes(attraction) < 4_000_000


def test_weights_that_add_up_to_much_are_counted_exactly() -> None:
    """Penalties are as narrow as the sum of the weights permits, and no narrower."""
    needs = Needs(EncodedColumn.of([(), ()], 2), np.ones((1, 2), dtype=np.bool_))
    large = [HostRule("x", False, 2**30, _numbers(0), np.zeros(2, dtype=np.bool_)) for _ in range(2)]
    for rules, width in ((large[:1], np.int32), (large, np.int64)):
        allowed = allowed_hosts(needs, np.ones(2, dtype=np.bool_), tuple(rules))
        assert allowed.penalty.dtype == width
        assert allowed.penalty[allowed.class_of].tolist() == [[2**30 * len(rules)] * 2, [0, 0]]


def test_a_plan_that_serves_a_wish_names_it() -> None:
    """The guest goes home, and the action says by which rule."""
    home = Pin(level=Level.SHOULD, weight=5, select=Selector(ids=("a",)), hosts=Selector(ids=("h1",)))
    answer = plan_recovery(
        snapshot([vm("a", "h2", "gold")]), policy(home=home), PlanOptions(budget_s=2.0, reproducible=True)
    )
    (move,) = answer.plan.actions
    assert (move.vm_id, move.target_host_id, move.rules) == ("a", "h1", ("gold", "home"))
    assert move.reason == "breaks home where it is"
