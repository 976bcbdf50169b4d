"""What must hold of components that share nothing: each measure adds up, and what is best in each is best together."""

from __future__ import annotations

import random
import threading
from dataclasses import replace

import numpy as np
import pytest

from tests.support.seeds import assert_checked, chunks, named
from tests.support.strategies import tiny_cluster
from tests.support.targets import problem_of, random_target
from trimtab_solver.engines.clock import Deadline
from trimtab_solver.engines.components import find_components, separable_levels
from trimtab_solver.engines.cpsat import Budget
from trimtab_solver.engines.engine import NOBODY, Best, Effort, EngineResult, Task
from trimtab_solver.engines.exact import Exact
from trimtab_solver.engines.exact_model import ExactModel
from trimtab_solver.engines.greedy import repair
from trimtab_solver.engines.ledger import Ledger
from trimtab_solver.engines.search.tables import StrictTables
from trimtab_solver.problem import Problem, Target

_PATIENCE_S = 60.0


def _divided(problem: Problem, chance: random.Random) -> Problem:
    """The same cluster, but that each guest may arrive on the hosts of one of two sides only.

    Often the sides are failure domains of a rule, so that it counts guests of both but no domain has hosts of both.
    """
    allowed = problem.allowed
    of_host = np.array([chance.random() < 0.5 for _ in problem.host_ids], dtype=np.bool_)
    if problem.groups and chance.random() < 0.7:
        of_host = chance.choice(problem.groups).domain % 2 == 1
    of_guest = np.array([chance.random() < 0.5 for _ in problem.vm_ids], dtype=np.bool_)
    of_guest = np.where(problem.running, of_host[np.maximum(problem.current, 0)], of_guest)
    sides = np.stack([~of_host, of_host])
    return replace(
        problem,
        allowed=replace(
            allowed,
            class_of=(2 * allowed.class_of + of_guest).astype(allowed.class_of.dtype),
            mask=(allowed.mask[:, None, :] & sides[None]).reshape(-1, problem.host_count),
            breach=np.repeat(allowed.breach, 2, axis=0),
            penalty=allowed.penalty[np.arange(2 * len(allowed.penalty)) // 2],
            class_rules=tuple(rules for rules in allowed.class_rules for _ in range(2)),
        ),
    )


def _solved(problem: Problem, start: Target, seed: int) -> tuple[Target, EngineResult]:
    effort = Effort(_PATIENCE_S, Deadline.after(_PATIENCE_S), seed, 1, threading.Event())
    best = Best(NOBODY, start, problem.evaluate(start))
    task = Task(problem, best, Ledger(problem), effort, lambda _: None, StrictTables(problem))
    result = Exact().improve(task)
    return result.target or start, result


@pytest.mark.parametrize("seeds", chunks(0.4, first=7_100_000), ids=named)
def test_measures_add_up_over_components(seeds: range) -> None:
    """Changes in two components change every measure by the sum of what each does alone."""
    checked = 0
    for seed in seeds:
        chance = random.Random(seed)
        problem = _divided(problem_of(*tiny_cluster(seed)), chance)
        components = find_components(problem)
        checked += len(components) > 1
        stay, together = problem.stay(), problem.stay()
        before = np.array(problem.evaluate(stay))
        total, disturbed = before.copy(), 0
        for component in components:
            alone = component.joined(stay, random_target(component.of(problem), chance))
            total += np.array(problem.evaluate(alone)) - before
            together = component.joined(together, alone)
            disturbed += problem.measure(alone).disruption > 0
        summed = separable_levels(problem, disturbed)
        assert problem.evaluate(together)[:summed] == tuple(total[:summed].tolist()), seed
    assert_checked(checked, seeds, 0.1)


@pytest.mark.parametrize("seeds", chunks(0.3, first=7_200_000), ids=named)
def test_components_solved_apart_are_as_good_as_the_whole(seeds: range) -> None:
    """Where the budget of moves is enough for all; and what is proven of the components together is true everywhere."""
    checked = 0
    for seed in seeds:
        problem = _divided(problem_of(*tiny_cluster(seed)), random.Random(seed))
        if len(find_components(problem)) < 2:
            continue
        checked += 1
        whole = ExactModel(problem).solve(Budget(Deadline.after(_PATIENCE_S), None, seed, 1), threading.Event())
        assert whole.target is not None
        optimum = problem.evaluate(whole.target)
        for start in (problem.stay(), repair(problem)):
            target, result = _solved(problem, start, seed)
            values = problem.evaluate(target)
            open_at = next((i for i, proof in enumerate(result.proofs) if proof.value != proof.bound), None)
            end = len(result.proofs) if open_at is None else open_at
            assert values[:end] == optimum[:end], seed
            assert [proof.bound for proof in result.proofs[:end]] == list(optimum[:end]), seed
            assert open_at is None or result.proofs[open_at].bound <= optimum[open_at], seed
            if problem.disruption.budget >= int(problem.running.sum()):
                assert values == optimum, seed
    assert_checked(checked, seeds, 0.1)
