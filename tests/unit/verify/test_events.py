"""Which orders of a plan are safe, key by key, on plans made by hand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from tests.support.cluster import TIERS, policy, snapshot, vm
from tests.support.strategies import policy_of
from tests.support.timing import timed
from trimtab_solver.actions import Action, ActionKind, Plan
from trimtab_solver.policy.documents import RuleSpec, Selector
from trimtab_solver.rules.quorum import Quorum
from trimtab_solver.rules.reserve import Reserve
from trimtab_solver.rules.separate import Separate
from trimtab_solver.rules.spread import Spread
from trimtab_solver.rules.tier import Eviction, Tier
from trimtab_solver.rules.together import Together
from trimtab_solver.snapshot import Migratability, Snapshot
from trimtab_solver.verify import Code, verify_plan

K = ActionKind
ALL = Selector(cel="true")
TEN = {"memory_mib": 10}
Step = tuple[ActionKind, str, str, str]


def _ids(*names: str) -> Selector:
    return Selector(ids=names)


def told(cluster: Snapshot, steps: Sequence[Step], after: Sequence[Sequence[int]], **rules: RuleSpec) -> list[str]:
    """What the verifier says of the plan: step and message of each violation, all of them about dependencies."""
    actions = (
        Action(n, kind, name, host, target, TEN if kind is K.START else {}, tuple(before))
        for n, ((kind, name, host, target), before) in enumerate(zip(steps, after, strict=True), 1)
    )
    cold = {"bronze": Tier(rank=10, evict=Eviction(when="true"), allow_cold_migration=True)}
    named = {name.replace("_", "-"): rule for name, rule in rules.items()}
    verdict = verify_plan(cluster, policy_of({**TIERS, **cold, **named}), timed(cluster, Plan(tuple(actions))))
    assert {violation.code for violation in verdict.violations} <= {Code.DEPENDENCY}, verdict.violations
    return [f"{violation.step} {violation.message}" for violation in verdict.violations]


FULL = [vm("a", "h1"), vm("b", "h1"), vm("c", "h1"), vm("d", "h1"), vm("e"), vm("f")]


def test_an_arrival_waits_for_as_much_room_as_it_needs() -> None:
    """Any of the departures will do; without one the host would be too full."""
    steps = [(K.STOP, "a", "h1", ""), (K.STOP, "b", "h1", ""), (K.START, "e", "h1", "")]
    assert not told(snapshot(FULL), steps, [(), (), (1,)])
    assert not told(snapshot(FULL), steps, [(), (), (2,)])
    assert told(snapshot(FULL), steps, [(), (), ()]) == [
        "3 may begin before 1, 2: h1 would hold 50 memory_mib, it may hold 40"
    ]


def test_two_arrivals_do_not_share_the_room_of_one_departure() -> None:
    """Each has waited for room, but both for the same."""
    steps = [(K.STOP, "a", "h1", ""), (K.STOP, "b", "h1", ""), (K.START, "e", "h1", ""), (K.START, "f", "h1", "")]
    assert not told(snapshot(FULL), steps, [(), (), (1,), (2,)])
    assert told(snapshot(FULL), steps, [(), (), (1,), (1,)]) == [
        "4 may begin before 2: h1 would hold 50 memory_mib, it may hold 40"
    ]


def test_where_there_is_room_for_all_nobody_waits() -> None:
    """Departures from a host with room enough are no reason to wait."""
    steps = [(K.STOP, "a", "h1", ""), (K.START, "e", "h1", "")]
    assert not told(snapshot([*FULL[:1], *FULL[4:]]), steps, [(), ()])


COLD = [vm("a", "h1", migratability=Migratability.COLD), vm("b", "h3", migratability=Migratability.COLD)]
APART = [(K.MIGRATE_COLD, "a", "h1", "h2"), (K.MIGRATE_COLD, "b", "h3", "h4")]


@pytest.mark.parametrize("survives", [None, "rack"])
def test_of_a_quorum_no_more_are_cold_moved_at_once_than_can_be_missed(survives: str | None) -> None:
    """Two within their sites, one of which must run; with a third that stays none has to wait."""
    rule = Quorum(select=ALL, min_running=1 if survives is None else 0 + 1, survives=survives)
    others = [] if survives is None else [vm("c", "h2"), vm("d", "h3")]
    cluster = snapshot([*COLD, *others])
    assert not told(snapshot([*COLD, vm("e", "h4"), vm("f", "h1")]), APART, [(), ()], voters=rule)
    if survives is None:
        assert told(cluster, APART, [(), ()], voters=rule) == ["2 may begin before 1: rule voters would be broken"]
        assert not told(cluster, APART, [(), (1,)], voters=rule)


def test_starts_wait_for_nothing_under_a_quorum() -> None:
    """More members never hurt it."""
    steps = [(K.START, "e", "h2", ""), (K.START, "f", "h3", "")]
    assert not told(snapshot(FULL), steps, [(), ()], voters=Quorum(select=ALL, min_running=3, survives="site"))


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        (
            Spread(select=_ids("a", "e"), topology="site", max_per_domain=1),
            "may begin before 1: rule r would be broken at east",
        ),
        (Spread(select=_ids("a", "e"), topology="site", max_skew=1), "may begin before 1: rule r would be broken"),
        (
            Reserve(hosts=3, protects=_ids("a", "b", "c", "d", "e")),
            "may begin before 1: rule r would be broken at memory_mib",
        ),
        (Separate(between=(_ids("a"), _ids("e")), topology="site"), "must depend on 1: rule r may be broken at"),
        (Together(select=_ids("a", "e"), topology="rack"), "must depend on 1: rule r may be broken until then"),
    ],
    ids=["limit", "skew", "reserve", "separate", "together"],
)
def test_what_would_break_a_rule_waits_for_what_makes_way(rule: RuleSpec, message: str) -> None:
    """One leaves and another comes, where both at a time are too much."""
    steps = [(K.STOP, "a", "h1", ""), (K.START, "e", "h2", "")]
    found = told(snapshot(FULL), steps, [(), ()], r=rule)
    assert len(found) == 1
    assert found[0].startswith(f"2 {message}"), found
    assert not told(snapshot(FULL), steps, [(), (1,)], r=rule)


def test_whom_others_must_be_near_to_leaves_after_they_have_left() -> None:
    """And who must be near enters after those have; not the other way round."""
    rule = Together(select=_ids("a"), near=_ids("b"), topology="site")
    cluster = snapshot([vm("a", "h1"), vm("b", "h2")])
    steps = [(K.STOP, "a", "h1", ""), (K.STOP, "b", "h2", "")]
    assert told(cluster, steps, [(), ()], near=rule) == [
        "2 must depend on 1: rule near may be broken at east until then"
    ]
    up = [(K.START, "b", "h3", ""), (K.START, "a", "h4", "")]
    assert told(snapshot([vm("a"), vm("b")]), up, [(), ()], near=rule) == [
        "2 must depend on 1: rule near may be broken at west until then"
    ]


def test_a_domain_is_opened_before_another_member_joins_a_used_one() -> None:
    """While nobody leaves a domain who opens one waits for nobody; else each change waits for the one before."""
    rule = Spread(select=ALL, topology="site", min_domains=2)
    three = snapshot([vm("x"), vm("y"), vm("z", "h3")])
    up = [(K.START, "x", "h1", ""), (K.START, "y", "h2", "")]
    assert told(three, up, [(), ()], wide=rule) == ["2 must depend on 1: rule wide may be broken until then"]
    assert not told(snapshot([vm("x"), vm("y")]), [up[0], (K.START, "y", "h3", "")], [(), ()], wide=rule)
    four = snapshot([vm("x"), vm("y"), vm("z", "h3"), vm("w", "h1")])
    swap = [(K.STOP, "z", "h3", ""), (K.START, "y", "h3", ""), up[0]]
    assert told(four, swap, [(), (1,), ()], wide=rule) == ["3 must depend on 1, 2: rule wide may be broken until then"]
    assert not told(four, swap, [(), (1,), (2,)], wide=rule)


def test_a_group_in_which_each_change_waits_for_the_one_before_is_judged_by_the_list() -> None:
    """However the sums go up and down, all states that can be are those after each action."""
    rule = Spread(select=ALL, topology="site", max_skew=1)
    cluster = snapshot([vm("a", "h1"), vm("b", "h3"), vm("c"), vm("d")])
    steps = [(K.START, "c", "h2", ""), (K.START, "d", "h4", ""), (K.STOP, "a", "h1", ""), (K.STOP, "b", "h3", "")]
    assert not told(cluster, steps, [(), (1,), (2,), (3,)], even=rule)
    assert told(cluster, steps, [(), (), (2,), (3,)], even=rule)


def test_a_cold_move_counts_for_no_rule_on_its_way() -> None:
    """The only one of a quorum cannot move cold: that is wrong in list order already."""
    actions = (Action(1, K.MIGRATE_COLD, "a", "h1", "h2"),)
    cluster = snapshot([replace(COLD[0], tier="silver")])
    verdict = verify_plan(cluster, policy(one=Quorum(select=ALL, min_running=1)), timed(cluster, Plan(actions)))
    assert [violation.code for violation in verdict.violations] == [Code.RULE]


def test_a_member_that_stays_in_each_of_enough_domains_is_enough() -> None:
    """Whoever waits for whom, as long as the two of one site are not both gone at a time."""
    rule = Spread(select=ALL, topology="site", min_domains=2)
    cluster = snapshot([vm("a", "h1"), vm("b", "h2"), vm("c", "h3"), vm("d", "h4")])
    steps = [
        (K.STOP, "a", "h1", ""),
        (K.STOP, "c", "h3", ""),
        (K.START, "a", "h1", ""),
        (K.STOP, "b", "h2", ""),
    ]
    assert not told(cluster, steps, [(), (), (1,), (3,)], wide=rule)
    assert told(cluster, steps, [(), (), (1,), ()], wide=rule)


def test_of_those_to_be_near_to_one_has_to_stay() -> None:
    """Restarts of two go on side by side where there is a third, and one after the other where there is none."""
    rule = Together(select=_ids("a"), near=_ids("b", "c", "d"), topology="site")
    pair = [vm("a", "h1"), vm("b", "h2"), vm("c", "h2")]
    steps = [(K.STOP, "b", "h2", ""), (K.START, "b", "h2", ""), (K.STOP, "c", "h2", "")]
    assert not told(snapshot([*pair, vm("d", "h1")]), steps, [(), (1,), ()], near=rule)
    assert told(snapshot(pair), steps, [(), (1,), ()], near=rule) == [
        "3 must depend on 2: rule near may be broken at east until then"
    ]
    assert not told(snapshot(pair), steps, [(), (1,), (2,)], near=rule)


def test_who_enters_need_not_wait_for_its_own_set() -> None:
    """Unless the domain is broken already: then who leaves is who makes room."""
    rule = Separate(between=(_ids("a", "b"), _ids("c", "d")), topology="site")
    steps = [(K.STOP, "a", "h1", ""), (K.START, "b", "h2", ""), (K.STOP, "b", "h2", ""), (K.START, "c", "h1", "")]
    found = snapshot([vm("a", "h1"), vm("b"), vm("c")])
    assert not told(found, steps, [(), (), (2,), (1, 3)], apart=rule)
    assert told(found, steps, [(), (), (2,), (3,)], apart=rule) == [
        "4 must depend on 1: rule apart may be broken at sets 0 and 1 / east until then"
    ]
    broken = snapshot([vm("a", "h1"), vm("d", "h2"), vm("c", "h2"), vm("b")])
    assert told(broken, steps[:2], [(), ()], apart=rule)


def test_a_cold_move_within_a_domain_breaks_no_rule_that_more_members_break() -> None:
    """Under Separate two of both sets, broken already, move at a time; under Together two of a group in two racks."""
    pair = snapshot([replace(one, host_id=host) for one, host in zip(COLD, ("h1", "h2"), strict=True)])
    moves = [(K.MIGRATE_COLD, "a", "h1", "h2"), (K.MIGRATE_COLD, "b", "h2", "h1")]
    assert not told(pair, moves, [(), ()], apart=Separate(between=(_ids("a"), _ids("b")), topology="site"))
    assert not told(snapshot(COLD), APART, [(), ()], same=Together(select=ALL, topology="site"))
