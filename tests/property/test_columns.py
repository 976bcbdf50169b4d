"""What must hold of columns, parts and what is rounded from them on random tiny clusters, whatever the rules."""

from __future__ import annotations

import random
import threading
from dataclasses import replace

import numpy as np
import pytest

from tests.support.oracle import best_levels
from tests.support.placements import losses, placements
from tests.support.seeds import assert_checked, chunks, named
from tests.support.strategies import tiny_cluster
from tests.support.targets import judged, problem_of
from trimtab_solver.engines.bounds.bound import Bounds
from trimtab_solver.engines.clock import NEVER
from trimtab_solver.engines.columns.generation import DantzigWolfeBound
from trimtab_solver.engines.columns.partition import partition
from trimtab_solver.engines.columns.price_and_branch import PriceAndBranchOptions, price_and_branch
from trimtab_solver.engines.columns.rounding import round_master
from trimtab_solver.engines.relaxation.dual import find_prices
from trimtab_solver.engines.relaxation.relaxed_problem import RelaxedProblem
from trimtab_solver.measures import Key, Measure
from trimtab_solver.policy.documents import Policy
from trimtab_solver.snapshot import Snapshot


def drawn(seed: int) -> list[RelaxedProblem]:
    """The relaxations of a tiny cluster."""
    return relaxations(seed, *tiny_cluster(seed))


def relaxations(seed: int, snapshot: Snapshot, policy: Policy) -> list[RelaxedProblem]:
    """The relaxation of each rank with a random budget of moves and random limits above."""
    problem = problem_of(snapshot, policy)
    if not problem.vm_count or not problem.host_count:
        return []
    chance = random.Random(seed)
    budget = chance.choice((0, 1, 2, problem.disruption.budget))
    problem = replace(problem, disruption=replace(problem.disruption, budget=budget))
    lost = losses(problem, placements(problem))
    caps: dict[Key, int] = {}
    relaxed_problems = []
    for i, rank in enumerate(problem.ranks):
        relaxed_problems.append(Bounds(problem).loss_problem(rank, caps))
        allowed = caps[Key(Measure.RUNNING, rank)] = int(lost[:, i].min()) + chance.choice((0, 0, 1, 2))
        lost = lost[lost[:, i] <= allowed]
    return relaxed_problems


@pytest.mark.parametrize("seeds", chunks(0.4, first=6_500_000), ids=named)
def test_price_and_branch_is_valid_and_never_beats_brute_force(seeds: range) -> None:
    """With any number of parts; the same options give the same."""
    targets = 0
    for seed in seeds:
        snapshot, policy = tiny_cluster(seed)
        problem = problem_of(snapshot, policy)
        if not problem.vm_count or not problem.host_count:
            continue
        relaxed = Bounds(problem).loss_problem(seed % len(problem.ranks), {})
        options = PriceAndBranchOptions(NEVER, 40, seed, workers=1 + seed % 2, part_hosts=1 + seed % 3)
        found = price_and_branch(problem, relaxed, options, threading.Event())
        again = price_and_branch(problem, relaxed, options, threading.Event())
        assert (found is None) == (again is None), seed
        if found is None or again is None:
            continue
        assert found.target.place.tolist() == again.target.place.tolist(), seed
        verdict = judged(snapshot, policy, problem, found.target)
        assert verdict.is_valid, (seed, verdict.violations)
        best, _ = best_levels(snapshot, policy)
        assert [value for _, value in best] <= list(problem.evaluate(found.target)), seed
        targets += 1
    assert_checked(targets, seeds, 0.8)


@pytest.mark.parametrize("seeds", chunks(0.4, first=6_600_000), ids=named)
def test_where_prices_converge_the_master_costs_what_they_prove(seeds: range) -> None:
    """The master and the prices are dual to each other, with limits and moves and several resources."""
    converged = 0
    for seed in seeds:
        for relaxed in drawn(seed):
            bound = DantzigWolfeBound(relaxed, find_prices(relaxed))
            bound.improve(200)
            assert bound.is_converged, seed
            if bound.solution is not None and not bound.solution.at_box_edge:
                assert bound.solution.cost == pytest.approx(bound.proven, abs=2e-3), seed
                converged += 1
    assert_checked(converged, seeds, 1.0)


@pytest.mark.parametrize("seeds", chunks(0.2, first=6_700_000), ids=named)
def test_every_host_gets_one_column_that_fits(seeds: range) -> None:
    """Whole numbers respect what the master does: one column per host, within its room, and nobody goes who may not."""
    chosen = 0
    for seed in seeds:
        for relaxed in drawn(seed):
            bound = DantzigWolfeBound(relaxed, find_prices(relaxed))
            bound.improve(30)
            found = round_master(bound, 1.0, np.inf, seed)
            if found is None:
                continue
            columns, stops = found
            relaxation, knapsacks = relaxed.relaxation, bound.pricing.knapsacks
            assert sorted(columns.host.tolist()) == list(range(len(relaxation.room))), seed
            assert (knapsacks.movable | knapsacks.evictable)[columns.leaver].all(), seed
            of_class = bound.master.classes.of[columns.leaver]
            assert (stops <= np.bincount(of_class[of_class >= 0], minlength=len(stops))).all(), seed
            for n, host in enumerate(columns.host.tolist()):
                there = relaxation.type_of[host]
                stays = relaxation.host[knapsacks.resident] == host
                stays[columns.leaver[columns.leaver_of == n]] = False
                units = knapsacks.resident_size[stays].sum(axis=0)
                for a in np.flatnonzero(columns.arrival_of == n):
                    offer = (knapsacks.offer_kind == columns.kind[a]) & (knapsacks.offer_type == there)
                    units = units + knapsacks.offer_size[offer][0] * columns.number[a]
                forced = knapsacks.resident_size[stays & ~(knapsacks.movable | knapsacks.evictable)].sum(axis=0)
                assert units[0] <= max(knapsacks.units[host][0], forced[0]), (seed, host)
            chosen += 1
    assert_checked(chosen, seeds, 1.0)


@pytest.mark.parametrize("seeds", chunks(0.4, first=6_800_000), ids=named)
def test_parts_add_up(seeds: range) -> None:
    """Every host, guest and move is in exactly one part, and parts differ by one of each at the most."""
    divided = 0
    for seed in seeds:
        for relaxed in drawn(seed):
            whole = relaxed.relaxation
            count = 1 + seed % 4
            parts = partition(relaxed, count)
            assert sorted(np.concatenate([part.hosts for part in parts]).tolist()) == list(range(len(whole.room)))
            relaxations = [part.relaxed.relaxation for part in parts]
            waiting = np.array([one.waiting for one in relaxations])
            assert (waiting.sum(axis=0) == whole.waiting).all(), seed
            assert (np.ptp(waiting, axis=0) <= 1).all(), seed
            residents = np.concatenate([one.resident for one in relaxations]).tolist()
            assert sorted(residents) == sorted(whole.resident.tolist())
            for part, one in zip(parts, relaxations, strict=True):
                own = dict(zip(whole.resident.tolist(), whole.host.tolist(), strict=True))
                there = [own[guest] for guest in one.resident.tolist()]
                assert part.hosts[one.host].tolist() == there, seed
            if relaxed.goal.moves is not None:
                assert sum(part.relaxed.goal.moves or 0 for part in parts) == relaxed.goal.moves, seed
            for i, limit in enumerate(relaxed.goal.limits):
                assert sum(part.relaxed.goal.limits[i].most for part in parts) == limit.most, seed
            divided += len(parts) > 1
    assert_checked(divided, seeds, 1.0)
