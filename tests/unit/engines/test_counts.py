"""The model that counts alike guests, by hand."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import Any

import numpy as np

from tests.support.cluster import DOWN, policy, snapshot, vm
from tests.support.targets import problem_of
from trimtab_solver.engines.clock import NEVER
from trimtab_solver.engines.counts import CountModel
from trimtab_solver.engines.cpsat import Budget


def test_who_moves_leaves_what_it_has_now_not_what_it_shrinks_to() -> None:
    """Silver could make room on h1 if its memory there shrank before it moves away; the other host is too small."""
    silver = vm("s", "h1", "silver", requested={"memory_mib": 30, "cpu_milli": 40})
    waiting = vm("w", requested={"memory_mib": 20, "cpu_milli": 10})
    hosts: dict[int, dict[str, Any]] = {
        1: {"capacity": {"memory_mib": 40, "cpu_milli": 40}},
        2: {"capacity": {"memory_mib": 15, "cpu_milli": 40}},
        3: DOWN,
        4: DOWN,
    }
    problem = problem_of(snapshot([silver, waiting], hosts), policy())
    held = np.array([name == "memory_mib" for name in problem.resources])
    problem = replace(
        problem,
        capacity=replace(problem.capacity, transient=held),
        disruption=replace(problem.disruption, budget=1),
    )
    assert problem.floor[:, held].ravel().tolist() == [15, 20]
    _, proofs = CountModel(problem).solve(Budget(NEVER, 1.0, seed=1, workers=1), threading.Event())
    assert [(proof.value, proof.bound) for proof in proofs] == [(0, 0), (2, 2)]


def test_who_must_leave_moves_without_a_budget() -> None:
    """h1 is open but does not reach the pool of its guest, who needs no budget of moves to make room there."""
    leaving = vm("l", "h1", "gold", requested={"memory_mib": 40}, storage_pool_id="far")
    waiting = vm("w", requested={"memory_mib": 40}, storage_pool_id="near")
    hosts: dict[int, dict[str, Any]] = {1: {"storage_pool_ids": ("near",)}, 2: {"storage_pool_ids": ("far",)}}
    hosts |= {3: DOWN, 4: DOWN}
    problem = problem_of(snapshot([leaving, waiting], hosts), policy())
    problem = replace(problem, disruption=replace(problem.disruption, budget=0))
    assert problem.disruption.exempt.tolist() == [True, False]
    _, proofs = CountModel(problem).solve(Budget(NEVER, 1.0, seed=1, workers=1), threading.Event())
    assert [(proof.value, proof.bound) for proof in proofs] == [(0, 0), (0, 0)]
