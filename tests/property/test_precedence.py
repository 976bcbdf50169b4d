"""What steps wait for, against every state of execution of short random lists of steps."""

from __future__ import annotations

import random
from dataclasses import replace

import numpy as np
import pytest

from tests.support.cluster import policy, snapshot, vm
from tests.support.reading.case import Reading
from tests.support.seeds import assert_checked, chunks, named
from tests.support.states import harms
from tests.support.strategies import tiny_cluster
from tests.support.targets import problem_of
from trimtab_solver.actions import Plan
from trimtab_solver.failures import event_of
from trimtab_solver.plan.building import build_plan
from trimtab_solver.plan.facts import facts_of
from trimtab_solver.plan.ordering.walk import Walk
from trimtab_solver.plan.precedence import direction
from trimtab_solver.plan.steps import Step
from trimtab_solver.policy.documents import Policy, RuleSpec, Selector
from trimtab_solver.primitives import domain_quorum, domain_skew
from trimtab_solver.problem import Problem
from trimtab_solver.rules.quorum import Quorum
from trimtab_solver.rules.reserve import Reserve
from trimtab_solver.rules.separate import Separate
from trimtab_solver.rules.spread import Spread
from trimtab_solver.rules.together import Together
from trimtab_solver.snapshot import Migratability, Snapshot
from trimtab_solver.verify.case import Case
from trimtab_solver.verify.replay import verify_plan

_LONGEST = 6
_TRIES = 12
_LIMITS = ((domain_skew, "FEW_DOMAINS"), (domain_quorum, "FEW_DOMAINS"), (direction, "FEW_WAITS"))


def _wander(problem: Problem, walk: Walk, chance: random.Random) -> list[Step]:
    """Whatever steps are safe one by one, without a goal."""
    movable = [v for v in range(problem.vm_count) if not problem.fixed[v]]
    for _ in range(_TRIES if movable else 0):
        if len(walk.steps) == _LONGEST:
            break
        v = chance.choice(movable)
        hosts = np.flatnonzero(problem.arrivals(v)).tolist()
        if walk.is_away(v):
            if hosts and problem.arrivals(v).any():
                walk.start(v, chance.choice(hosts))
        elif problem.evictable[v] and chance.random() < 0.35:
            walk.stop(v)
        elif chance.random() < 0.2:
            walk.shrink(v, problem.floor[v])
        elif chance.random() < 0.2:
            walk.grow(v, problem.upper[v])
        elif hosts:
            goal = chance.choice(hosts)
            if goal != walk.host_of(v):
                walk.move(v, goal)
    return walk.steps


def _under_one_rule(seed: int) -> tuple[Snapshot, Policy]:
    """Guests that may be moved, cold or live, and stopped at will, with room nearly everywhere, under one must rule."""
    chance = random.Random(seed)
    places = ("", "h1", "h1", "h2", "h3", "h4")
    guests = [
        vm(
            f"v{i}",
            chance.choice(places),
            "silver",
            migratability=chance.choice((Migratability.COLD, Migratability.LIVE)),
            labels={"side": chance.choice("ab")},
        )
        for i in range(chance.randint(4, 6))
    ]
    everybody, one_side, other_side = Selector(cel="true"), *(Selector(match_labels={"side": side}) for side in "ab")
    topology = chance.choice(("site", "rack"))
    rules: list[RuleSpec] = [
        Separate(between=(one_side, other_side), topology=topology),
        Spread(select=everybody, topology=topology, max_per_domain=chance.randint(1, 3)),
        Spread(select=everybody, topology=topology, min_domains=chance.randint(2, 3)),
        Spread(select=everybody, topology=topology, max_skew=chance.randint(1, 2)),
        Together(select=chance.choice((everybody, one_side)), topology=topology),
        Together(select=one_side, near=chance.choice((everybody, other_side)), topology=topology),
        Quorum(select=everybody, min_running=chance.randint(1, 4), survives=chance.choice((None, topology))),
        Reserve(share="50%", within=chance.choice((None, topology))),
    ]
    return snapshot(guests), policy(rule=rules[seed % len(rules)])


def _in_list_order(plan: Plan) -> Plan:
    """The same actions, each waiting for the one before."""
    return Plan(tuple(replace(one, depends_on=(one.id - 1,) if one.id > 1 else ()) for one in plan.actions))


@pytest.mark.parametrize("seeds", chunks(0.2, 5_200_000), ids=named)
def test_every_order_that_respects_what_steps_wait_for_is_safe(seeds: range, monkeypatch: pytest.MonkeyPatch) -> None:
    """No state of execution is worse than the snapshot where none is when the steps follow each other; judges agree.

    Both with the usual limits and as if every rule had many domains and every step many others to wait for.
    """
    tried = 0
    for seed in seeds:
        for found, rules in (tiny_cluster(seed), _under_one_rule(seed)):
            problem = problem_of(found, rules)
            facts = facts_of(found, problem)
            sizes = np.where(problem.running[:, None], problem.allocated, problem.floor)
            steps = _wander(problem, Walk(problem, sizes, facts.start_kinds), random.Random(seed))
            reading, event = Reading(found, rules), event_of(found)
            plan = build_plan(facts, problem, steps, event)
            if len(steps) < 2 or harms(reading, _in_list_order(plan)):
                continue
            tried += 1
            case = Case(found, rules)
            with monkeypatch.context() as limits:
                for module, name in _LIMITS:
                    limits.setattr(module, name, 1)
                crowded = build_plan(facts, problem, steps, event)
            for one in (plan, crowded):
                assert not harms(reading, one), (seed, one)
                violations = verify_plan(found, rules, one, case=case).violations
                assert not violations, (seed, violations, one)
    assert_checked(tried, seeds, 1.2)
