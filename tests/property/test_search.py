"""What must hold of the local search on random tiny clusters, whatever the rules."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from tests.support.oracle import best_levels
from tests.support.seeds import assert_checked, chunks, named
from tests.support.strategies import tiny_cluster
from tests.support.targets import judged, problem_of
from trimtab_solver.engines.bounds.bound import Bounds
from trimtab_solver.engines.greedy import repair
from trimtab_solver.engines.room_prices import RoomPrices, price_room
from trimtab_solver.engines.search import SearchOptions, search
from trimtab_solver.engines.search.moves import INFINITY, shift_change, swap_change, try_shift
from trimtab_solver.engines.search.rows import Tables
from trimtab_solver.engines.search.state import new_state, relocate, swap
from trimtab_solver.engines.search.tables import build_tables
from trimtab_solver.engines.search.weights import Weights, soft_weights, strict_weights
from trimtab_solver.measures import Key, Measure, keys_of, per_measure
from trimtab_solver.primitives.encoding import Ints
from trimtab_solver.primitives.headroom import Headroom
from trimtab_solver.problem import ObjectiveLevel, Problem, Target
from trimtab_solver.sizing import fit_sizes

_BUDGET_S = 0.02


@pytest.mark.parametrize("seeds", chunks(0.4, first=6_000_000), ids=named)
def test_search_is_valid_and_between_its_start_and_the_optimum(seeds: range) -> None:
    """Whatever the search returns passes the verifier, is never worse than its start, and never beats brute force."""
    for seed in seeds:
        _search_and_judge(seed, SearchOptions(_BUDGET_S, seed, workers=1, reproducible=True))


@pytest.mark.parametrize("seeds", chunks(0.4, first=6_200_000), ids=named)
def test_room_pricing_is_valid_and_between_its_start_and_the_optimum(seeds: range) -> None:
    """So does a search at prices of room, whatever guests are said to be worth."""
    for seed in seeds:
        problem = problem_of(*tiny_cluster(seed))
        room = price_room(problem, Bounds(problem), problem.evaluate(problem.stay()))
        if room is None:
            room = RoomPrices(max(problem.ranks, default=0), np.random.default_rng(seed).random(problem.vm_count))
        _search_and_judge(seed, SearchOptions(_BUDGET_S, seed, workers=2, reproducible=True, room=room))


def _search_and_judge(seed: int, options: SearchOptions) -> None:
    snapshot, policy = tiny_cluster(seed)
    problem = problem_of(snapshot, policy)
    start = min(repair(problem), problem.stay(), key=problem.evaluate)
    found = search(problem, options, start)
    assert found.values == problem.evaluate(found.target), seed
    assert found.values <= problem.evaluate(start), seed
    verdict = judged(snapshot, policy, problem, found.target)
    assert verdict.is_valid, (seed, verdict.violations)
    best, _ = best_levels(snapshot, policy)
    assert [value for _, value in best] <= list(found.values), seed


@pytest.mark.parametrize("seeds", chunks(0.4, first=6_100_000), ids=named)
def test_prices_and_counts_stay_what_a_fresh_count_gives(seeds: range) -> None:
    """After any permitted changes the energy is that of a fresh count, and each change cost what it was priced at."""
    priced = 0
    for seed in seeds:
        problem = problem_of(*tiny_cluster(seed))
        if not problem.vm_count or not problem.host_count:
            continue
        tables = build_tables(problem, soft_weights(problem))
        state = new_state(problem, tables, problem.current, seed=1)
        chance = random.Random(seed)
        for _ in range(40):
            v, goal = chance.randrange(problem.vm_count), chance.randrange(-1, problem.host_count)
            u = chance.choice([-1, chance.randrange(problem.vm_count)])
            before = float(state.totals["energy"][0])
            if u < 0:
                price = shift_change(tables, state, np.int64(v), np.int64(goal))
                if price == INFINITY:
                    continue
                relocate(tables, state, np.int64(v), np.int64(goal))
            else:
                if state.guest["place"][v] < 0 or state.guest["place"][u] < 0:
                    continue
                price = swap_change(tables, state, np.int64(v), np.int64(u))
                if price == INFINITY:
                    continue
                swap(tables, state, np.int64(v), np.int64(u))
            # two moves that both change how many the most moved application has are priced one by one: an estimate
            if u < 0 or tables.guests["app"][v] < 0 or tables.guests["app"][u] < 0:
                assert state.totals["energy"][0] - before == pytest.approx(price, abs=1e-6), seed
                priced += 1
            fresh = new_state(problem, tables, state.guest["place"], seed=1)
            assert state.totals["energy"][0] == pytest.approx(fresh.totals["energy"][0], abs=1e-6), seed
            assert np.array_equal(state.load, fresh.load), seed
            assert np.array_equal(state.counts, fresh.counts), seed
            assert np.array_equal(state.group, fresh.group), seed
            assert np.array_equal(state.asked, fresh.asked), seed
    assert_checked(priced, seeds, 1.5)


@pytest.mark.parametrize("seeds", chunks(0.2, first=6_300_000), ids=named)
def test_the_energy_of_every_measure_changes_as_the_measure_does(seeds: range) -> None:
    """Kernels and `Problem.measure` count the same, each in its own way, for whatever places guests can get to."""
    seen: Counter[str] = Counter()
    for seed in seeds:
        problem = problem_of(*tiny_cluster(seed))
        if not problem.vm_count or not problem.host_count:
            continue
        rough = {Measure.SHRINKAGE, Measure.BALANCE} if _is_rough(problem) else set()
        compared = [key for key in keys_of(problem.ranks) if key.measure not in rough]
        tables = {key: build_tables(problem, _only(key, problem)) for key in compared}
        rules = build_tables(problem, soft_weights(problem))
        wandering = new_state(problem, rules, problem.current, seed=1)
        first = _counted_twice(problem, tables, wandering.guest["place"])
        chance = random.Random(seed)
        for _ in range(10):
            v, goal = np.int64(chance.randrange(problem.vm_count)), np.int64(chance.randrange(-1, problem.host_count))
            if not try_shift(rules, wandering, v, goal):
                continue
            for key, (energy, measure) in _counted_twice(problem, tables, wandering.guest["place"]).items():
                assert energy - first[key][0] == pytest.approx(measure - first[key][1]), (seed, key)
                seen[key.measure.value] += measure != first[key][1]
    assert_checked(seen.total(), seeds, 1)
    # one of them may be rare in so few clusters
    assert sum(not count for count in seen.values()) <= 1, seen


def _only(key: Key, problem: Problem) -> Weights:
    """Weights under which nothing but one measure counts."""
    return per_measure(problem.ranks, lambda one: float(one == key))


def _counted_twice(problem: Problem, tables: dict[Key, Tables], place: Ints) -> dict[Key, tuple[float, int]]:
    """Per measure the energy of a placement [V] under its own tables, and the measure itself."""
    at = place.astype(np.int32)
    measures = problem.measure(Target(at, fit_sizes(problem, at)))
    states = {key: new_state(problem, own, at, seed=1) for key, own in tables.items()}
    return {key: (float(state.totals["energy"][0]), measures[key]) for key, state in states.items()}


@pytest.mark.parametrize("seeds", chunks(0.15, first=6_600_000), ids=named)
def test_strict_weights_value_a_single_change_as_the_levels_do(seeds: range) -> None:
    """Of two measures as levels the first that changes says whether energy is lost or gained; each is the last once.

    Reserves and balance are left out: one change can worsen them more than the weights cover.
    """
    decided = 0
    for seed in seeds:
        problem, chance = problem_of(*tiny_cluster(seed)), random.Random(seed)
        if not problem.vm_count or not problem.host_count or _is_rough(problem) or _has_reserve(problem):
            continue
        keys = [key for key in keys_of(problem.ranks) if key.measure is not Measure.BALANCE]
        chance.shuffle(keys)
        for pair in zip(keys, (*keys[1:], keys[0]), strict=True):
            levels = tuple(ObjectiveLevel(key.measure, ((key, 1),)) for key in pair)
            decided += _weighed_strictly(replace(problem, levels=levels), chance)
    assert_checked(decided, seeds, 0.5)


def _weighed_strictly(problem: Problem, chance: random.Random) -> int:
    """Fails if energy and levels disagree about one of some changes at random; how many changed a level."""
    tables = build_tables(problem, strict_weights(problem))
    state = new_state(problem, tables, problem.current, seed=1)
    decided = 0
    for _ in range(20):
        v, goal = np.int64(chance.randrange(problem.vm_count)), np.int64(chance.randrange(-1, problem.host_count))
        before, energy = _evaluated(problem, state.guest["place"]), float(state.totals["energy"][0])
        if shift_change(tables, state, v, goal) == INFINITY:
            continue
        relocate(tables, state, v, goal)
        gains = np.subtract(_evaluated(problem, state.guest["place"]), before).tolist()
        first = next((gain for gain in gains if gain), 0)
        assert np.sign(state.totals["energy"][0] - energy) == np.sign(first), (problem.level_names, gains)
        decided += first != 0
    return decided


def _is_rough(problem: Problem) -> bool:
    """Whether kernels count by the least units that shrinking must free: an estimate where not all use room alike."""
    factor = problem.capacity.factor
    return bool((factor[:, :, 0] != factor[:, :, 1]).any() and (problem.floor != problem.upper).any())


def _has_reserve(problem: Problem) -> bool:
    return any(isinstance(group, Headroom) for group in problem.groups)


def _evaluated(problem: Problem, place: Ints) -> tuple[int, ...]:
    at = place.astype(np.int32)
    return problem.evaluate(Target(at, fit_sizes(problem, at)))


@pytest.mark.parametrize("prices_room", [False, True], ids=["search", "room-pricing"])
def test_the_same_seed_and_workers_give_the_same_target(prices_room: bool) -> None:
    """In reproducible mode two searches with two workers end at the same placement."""
    for seed in range(20):
        problem = problem_of(*tiny_cluster(seed, max_hosts=4, max_vms=6))
        room = RoomPrices(max(problem.ranks, default=0), problem.floor.sum(axis=1) / 4) if prices_room else None
        options = SearchOptions(_BUDGET_S, seed, workers=2, reproducible=True, room=room)
        places = [search(problem, options, problem.stay()).target.place.tolist() for _ in range(2)]
        assert places[0] == places[1], seed
