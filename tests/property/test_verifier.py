"""What must hold of the verifier on random tiny clusters."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace

from hypothesis import given, settings

from tests.support.cluster import policy, snapshot, vm
from tests.support.oracle import best_levels
from tests.support.reach import best_reachable_levels, find_plan, reachable
from tests.support.reading.case import Reading
from tests.support.states import harms
from tests.support.strategies import clusters, tiny_cluster
from tests.support.timing import timed
from trimtab_solver.actions import Action, ActionKind, Plan, Undo
from trimtab_solver.policy.documents import Policy, Selector
from trimtab_solver.rules.spread import Spread
from trimtab_solver.snapshot import Snapshot
from trimtab_solver.verify import judge_placement, verify_plan
from trimtab_solver.verify.case import Case


def plans(count: int, first: int = 0) -> Iterator[tuple[int, Case, Plan]]:
    """Seed, case and a brute-force plan to the best target, where there is one with at least two actions.

    Fails at the end when there were hardly any.
    """
    found = 0
    for seed in range(first, first + count):
        cluster, rules = tiny_cluster(seed)
        _, target = best_levels(cluster, rules)
        plan = find_plan(cluster, rules, target)
        if plan is not None and len(plan.actions) > 1:
            found += 1
            yield seed, Case(cluster, rules), plan
    assert found > count // 4, f"only {found} plans of {count} clusters"


def judge(case: Case, plan: Plan) -> list[str]:
    """The codes of all violations."""
    verdict = verify_plan(case.snapshot, case.selection.policy, plan, case=case)
    return [str(violation.code) for violation in verdict.violations]


def loosened(case: Case, plan: Plan, chance: random.Random) -> Plan:
    """The plan with dependencies taken away, in random order, until the verifier wants each one that is left."""
    actions = [replace(action, depends_on=tuple(range(1, action.id))) for action in timed(case.snapshot, plan).actions]
    pairs = [(action.id, before) for action in actions for before in action.depends_on]
    chance.shuffle(pairs)
    for number, before in pairs:
        was = actions[number - 1]
        actions[number - 1] = replace(was, depends_on=tuple(d for d in was.depends_on if d != before))
        if judge(case, Plan(tuple(actions))):
            actions[number - 1] = was
    return Plan(tuple(actions))


def mutated(plan: Plan, case: Case, chance: random.Random) -> Plan:
    """The plan with one thing changed, at random."""
    actions = list(plan.actions)
    at = chance.randrange(len(actions))
    action = actions[at]
    hosts = [host.id for host in case.snapshot.hosts]
    match chance.randrange(6):
        case 0:
            del actions[at]
        case 1:
            other = chance.randrange(len(actions))
            actions[at], actions[other] = actions[other], actions[at]
        case 2:
            actions[at] = replace(action, host_id=chance.choice(hosts))
        case 3 if action.target_host_id:
            actions[at] = replace(action, target_host_id=chance.choice(hosts))
        case 4 if action.size:
            resource = chance.choice(sorted(action.size))
            size = {**action.size, resource: action.size[resource] + chance.choice((-1, 1))}
            actions[at] = replace(action, size=size)
        case _:
            actions[at] = replace(action, kind=chance.choice(tuple(ActionKind)))
    renumbered = [
        replace(action, id=number, depends_on=(number - 1,) if number > 1 else ())
        for number, action in enumerate(actions, 1)
    ]
    return timed(case.snapshot, Plan(tuple(renumbered)))


def test_a_brute_force_plan_is_accepted_and_reaches_its_target() -> None:
    """A plan found by trying all safe single actions passes, and the replay ends in the target with the same levels."""
    for seed, case, plan in plans(150):
        _, target = best_levels(case.snapshot, case.selection.policy)
        verdict = verify_plan(case.snapshot, case.selection.policy, plan)
        assert verdict.is_valid, (seed, verdict.violations)
        assert verdict.placement == target, seed


def test_levels_of_a_replay_equal_levels_of_its_last_placement() -> None:
    """What is counted action by action equals what is counted from scratch."""
    for seed, case, plan in plans(150, first=1000):
        verdict = verify_plan(case.snapshot, case.selection.policy, plan, case=case)
        down = {a.vm_id for a in plan.actions if a.kind is ActionKind.STOP}
        asleep = {a.vm_id for a in plan.actions if a.kind is ActionKind.SUSPEND}
        judged = judge_placement(
            case.snapshot,
            case.selection.policy,
            None,
            verdict.placement,
            stopped={guest.id for guest in case.snapshot.vms if guest.is_running and guest.id in down},
            suspended={guest.id for guest in case.snapshot.vms if guest.is_running and guest.id in asleep},
        )
        assert judged.is_valid, (seed, judged.violations)
        assert judged.levels == verdict.levels, seed


@given(clusters())
@settings(max_examples=60, deadline=None)
def test_doing_nothing_is_valid_and_never_better_than_the_best_target(made: tuple[Snapshot, Policy]) -> None:
    """The empty plan passes on any snapshot, however broken, and the oracle is at least as good."""
    verdict = verify_plan(*made, Plan())
    assert verdict.is_valid, verdict.violations
    best, _ = best_levels(*made)
    assert tuple(best) <= verdict.levels


def test_what_can_be_reached_lies_between_nothing_and_the_best_target() -> None:
    """No way leads to more than the best target, and standing still is a way."""
    reached_best = 0
    for seed in range(60):
        cluster, rules = tiny_cluster(seed, max_hosts=3, max_vms=5)
        reached = best_reachable_levels(cluster, rules)
        best, target = best_levels(cluster, rules)
        assert best <= reached <= list(verify_plan(cluster, rules, Plan()).levels), seed
        if reachable(cluster, rules, target, restarts=False):
            assert best == reached, seed
            reached_best += 1
    assert reached_best > 20, reached_best


def test_every_order_that_needed_dependencies_permit_is_safe() -> None:
    """With only those dependencies left that the verifier insists on, no order of execution does harm."""
    freed = 0
    for seed, case, plan in plans(150):
        if len(plan.actions) <= 8:
            loose = loosened(case, plan, random.Random(seed))
            harm = harms(Reading(case.snapshot, case.selection.policy), loose)
            assert not harm, (seed, harm[0], loose)
            freed += sum(len(action.depends_on) < action.id - 1 for action in loose.actions)
    assert freed > 50, freed


def test_a_mutated_plan_that_is_accepted_does_no_harm() -> None:
    """Whatever is changed in a plan, it is rejected unless it is still safe."""
    rejected = 0
    for seed, case, plan in plans(150):
        chance = random.Random(seed)
        for _ in range(5):
            mutant = mutated(plan, case, chance)
            if judge(case, mutant):
                rejected += 1
            else:
                harm = harms(Reading(case.snapshot, case.selection.policy), mutant)
                assert not harm, (seed, harm[0], mutant)
    assert rejected > 100


def test_a_random_plan_is_judged_without_an_exception() -> None:
    """A plan may be any nonsense: the verdict is a value."""
    for seed in range(300):
        chance = random.Random(seed)
        cluster, rules = tiny_cluster(seed)
        names = [*(guest.id for guest in cluster.vms), *(host.id for host in cluster.hosts), "", "nobody"]
        actions = tuple(
            Action(
                id=chance.randint(-1, 9),
                kind=chance.choice(tuple(ActionKind)),
                vm_id=chance.choice(names),
                host_id=chance.choice(names),
                target_host_id=chance.choice(("", chance.choice(names))),
                size={"memory_mib": chance.randint(-2, 5), "what": chance.randint(-1, 1)},
                depends_on=tuple(chance.randint(-3, 12) for _ in range(chance.randint(0, 3))),
                earliest_start_s=chance.randint(-3, 3),
                duration_s=chance.randint(-3, 3),
                undo=Undo(
                    chance.choice(tuple(ActionKind)), chance.choice(names), chance.choice(names), chance.choice(names)
                ),
            )
            for _ in range(8)
        )
        assert not verify_plan(cluster, rules, Plan(actions)).is_valid


def test_starts_of_a_group_that_must_use_several_domains_wait_for_each_other() -> None:
    """Without dependencies, x and z could be up in one site before y is up in the other: that is rejected."""
    rule = Spread(select=Selector(cel="true"), topology="site", min_domains=2)
    case = Case(snapshot([vm("x"), vm("y"), vm("z")]), policy(wide=rule))
    starts = (("x", "h1"), ("y", "h3"), ("z", "h2"))
    size = {"memory_mib": 10}
    actions = (Action(n, ActionKind.START, *who, size=size) for n, who in enumerate(starts, 1))
    plan = timed(case.snapshot, Plan(tuple(actions)))
    assert harms(Reading(case.snapshot, case.selection.policy), plan)
    assert judge(case, plan)
