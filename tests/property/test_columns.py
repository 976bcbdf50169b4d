"""What must hold of contents, shares and assemblies on random tiny clusters, whatever the rules."""

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
from trimtab_solver.engines.columns.generation import HostBound
from trimtab_solver.engines.columns.partition import deal
from trimtab_solver.engines.columns.price_and_branch import AssemblyOptions, assemble
from trimtab_solver.engines.columns.rounding import choose
from trimtab_solver.engines.relaxation.pricing import Market, find_prices
from trimtab_solver.measures import Key, Measure
from trimtab_solver.problem import Problem


def _drawn(seed: int) -> tuple[Problem, list[Market]]:
    """A random problem with a random budget of moves, and the markets of its ranks with random limits above."""
    problem = problem_of(*tiny_cluster(seed))
    if not problem.vm_count or not problem.host_count:
        return problem, []
    chance = random.Random(seed)
    budget = chance.choice((0, 1, 2, problem.disruption.budget))
    problem = replace(problem, disruption=replace(problem.disruption, budget=budget))
    lost = losses(problem, placements(problem))
    caps: dict[Key, int] = {}
    markets = []
    for i, rank in enumerate(problem.ranks):
        markets.append(Bounds(problem).loss_market(rank, caps))
        allowed = caps[Key(Measure.RUNNING, rank)] = int(lost[:, i].min()) + chance.choice((0, 0, 1, 2))
        lost = lost[lost[:, i] <= allowed]
    return problem, markets


@pytest.mark.parametrize("seeds", chunks(0.4, first=6_500_000), ids=named)
def test_an_assembly_is_valid_and_never_beats_brute_force(seeds: range) -> None:
    """With any number of shares; the same options give the same."""
    assembled = 0
    for seed in seeds:
        snapshot, policy = tiny_cluster(seed)
        problem = problem_of(snapshot, policy)
        if not problem.vm_count or not problem.host_count:
            continue
        market = Bounds(problem).loss_market(seed % len(problem.ranks), {})
        options = AssemblyOptions(NEVER, 40, seed, workers=1 + seed % 2, share_hosts=1 + seed % 3)
        found = assemble(problem, market, options, threading.Event())
        again = assemble(problem, market, options, threading.Event())
        assert (found is None) == (again is None), seed
        if found is None or again is None:
            continue
        assert found.target.place.tolist() == again.target.place.tolist(), seed
        verdict = judged(snapshot, policy, problem, found.target)
        assert verdict.is_valid, (seed, verdict.violations)
        best, _ = best_levels(snapshot, policy)
        assert [value for _, value in best] <= list(problem.evaluate(found.target)), seed
        assembled += 1
    assert_checked(assembled, seeds, 0.8)


@pytest.mark.parametrize("seeds", chunks(0.4, first=6_600_000), ids=named)
def test_where_prices_converge_the_best_mixture_costs_what_they_prove(seeds: range) -> None:
    """The program over contents and the prices are dual to each other, with limits and moves and several resources."""
    converged = 0
    for seed in seeds:
        for market in _drawn(seed)[1]:
            bound = HostBound(market, find_prices(market))
            bound.improve(200)
            assert bound.is_converged, seed
            if bound.mixture is not None and not bound.mixture.at_edge:
                assert bound.mixture.cost == pytest.approx(bound.proven, abs=2e-3), seed
                converged += 1
    assert_checked(converged, seeds, 1.0)


@pytest.mark.parametrize("seeds", chunks(0.2, first=6_700_000), ids=named)
def test_every_host_gets_one_content_that_fits(seeds: range) -> None:
    """Whole numbers respect what mixtures do: one content per host, within its room, and nobody goes who may not."""
    chosen = 0
    for seed in seeds:
        for market in _drawn(seed)[1]:
            bound = HostBound(market, find_prices(market))
            bound.improve(30)
            found = choose(bound, 1.0, np.inf, seed)
            if found is None:
                continue
            contents, stops = found
            relaxation, packing = market.relaxation, bound.valuer.packing
            assert sorted(contents.host.tolist()) == list(range(len(relaxation.room))), seed
            assert (packing.movable | packing.evictable)[contents.goer].all(), seed
            sort = bound.master.sorts.of[contents.goer]
            assert (stops <= np.bincount(sort[sort >= 0], minlength=len(stops))).all(), seed
            for n, host in enumerate(contents.host.tolist()):
                there = relaxation.type_of[host]
                stays = relaxation.host[packing.resident] == host
                stays[contents.goer[contents.goer_of == n]] = False
                units = packing.resident_size[stays].sum(axis=0)
                for a in np.flatnonzero(contents.arrival_of == n):
                    offer = (packing.offer_kind == contents.kind[a]) & (packing.offer_type == there)
                    units = units + packing.offer_size[offer][0] * contents.number[a]
                forced = packing.resident_size[stays & ~(packing.movable | packing.evictable)].sum(axis=0)
                assert units[0] <= max(packing.units[host][0], forced[0]), (seed, host)
            chosen += 1
    assert_checked(chosen, seeds, 1.0)


@pytest.mark.parametrize("seeds", chunks(0.4, first=6_800_000), ids=named)
def test_shares_add_up(seeds: range) -> None:
    """Every host, guest and move is in exactly one share, and shares differ by one of each at the most."""
    dealt = 0
    for seed in seeds:
        for market in _drawn(seed)[1]:
            whole = market.relaxation
            count = 1 + seed % 4
            shares = deal(market, count)
            assert sorted(np.concatenate([share.hosts for share in shares]).tolist()) == list(range(len(whole.room)))
            parts = [share.market.relaxation for share in shares]
            waiting = np.array([part.waiting for part in parts])
            assert (waiting.sum(axis=0) == whole.waiting).all(), seed
            assert (np.ptp(waiting, axis=0) <= 1).all(), seed
            assert sorted(np.concatenate([part.resident for part in parts]).tolist()) == sorted(whole.resident.tolist())
            for share, part in zip(shares, parts, strict=True):
                own = dict(zip(whole.resident.tolist(), whole.host.tolist(), strict=True))
                there = [own[guest] for guest in part.resident.tolist()]
                assert share.hosts[part.host].tolist() == there, seed
            if market.goal.moves is not None:
                assert sum(share.market.goal.moves or 0 for share in shares) == market.goal.moves, seed
            for i, limit in enumerate(market.goal.limits):
                assert sum(share.market.goal.limits[i].most for share in shares) == limit.most, seed
            dealt += len(shares) > 1
    assert_checked(dealt, seeds, 1.0)
