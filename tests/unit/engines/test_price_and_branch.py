"""Price-and-branch by hand: guests that only fit together, stranded guests, and programs that grow."""

from __future__ import annotations

import threading
from dataclasses import replace

import numpy as np
import pytest

from tests.support.cluster import DOWN, policy, snapshot, vm
from tests.support.targets import problem_of
from trimtab_solver.engines.bounds.bound import Bounds
from trimtab_solver.engines.clock import NEVER
from trimtab_solver.engines.columns.generation import DantzigWolfeBound
from trimtab_solver.engines.columns.price_and_branch import PriceAndBranchOptions, price_and_branch
from trimtab_solver.engines.columns.rounding import round_master
from trimtab_solver.engines.linear_program import LinearProgram
from trimtab_solver.engines.relaxation.dual import find_prices
from trimtab_solver.measures import Key, Measure
from trimtab_solver.problem import Problem

_TWO_HOSTS = {3: DOWN, 4: DOWN}


def _split_room(moves: int) -> Problem:
    """Two hosts with a Gold guest in one half of each, and a Bronze guest as large as a host that waits."""
    half = {"memory_mib": 20}
    guests = [vm("g1", "h1", "gold", requested=half), vm("g2", "h2", "gold", requested=half)]
    problem = problem_of(snapshot([*guests, vm("b", requested={"memory_mib": 40})], _TWO_HOSTS), policy())
    return replace(problem, disruption=replace(problem.disruption, budget=moves))


def _levels(problem: Problem, part_hosts: int = 500) -> tuple[int, ...] | None:
    *above, bronze = problem.ranks
    relaxed = Bounds(problem).loss_problem(bronze, {Key(Measure.RUNNING, rank): 0 for rank in above})
    options = PriceAndBranchOptions(NEVER, 50, seed=1, workers=1, part_hosts=part_hosts)
    found = price_and_branch(problem, relaxed, options, threading.Event())
    return None if found is None else problem.evaluate(found.target)


def test_one_host_is_emptied_for_a_guest_as_large_as_it() -> None:
    """Nothing is gained by moving one half or by bringing up the large one alone: both belong to one column each."""
    values = _levels(_split_room(moves=1))
    assert values is not None
    assert values[:2] == (0, 0), "nobody is lost"


def test_without_a_move_nobody_goes() -> None:
    """The budget of moves holds for columns as well: the large guest stays down, the others where they are."""
    values = _levels(_split_room(moves=0))
    assert values is not None
    assert values[:2] == (0, 2)


def test_a_share_has_only_its_own_hosts() -> None:
    """Dealt out one by one, neither host has a place for the other's half."""
    values = _levels(_split_room(moves=1), part_hosts=1)
    assert values is not None
    assert values[:2] == (0, 2)


def test_prices_found_elsewhere_raise_the_bound() -> None:
    """What price-and-branch ends with proves, for all hosts, that without a move the large guest is lost."""
    problem = _split_room(moves=0)
    values = problem.evaluate(problem.stay())
    bounds = Bounds(problem)
    scarcity = bounds.scarcity(values)
    assert scarcity is None or bounds.given(values)[1] < 2
    assert scarcity is not None
    found = price_and_branch(problem, scarcity[1], PriceAndBranchOptions(NEVER, 50), threading.Event())
    assert found is not None
    for prices in found.prices:
        bounds.learn(values, prices)
    assert bounds.given(values)[1] == 2


def test_no_target_once_it_is_to_stop() -> None:
    """Whoever does not want to wait gets nothing rather than something half done."""
    problem = _split_room(moves=1)
    stop = threading.Event()
    stop.set()
    gold, bronze = problem.ranks
    relaxed = Bounds(problem).loss_problem(bronze, {Key(Measure.RUNNING, gold): 0})
    assert price_and_branch(problem, relaxed, PriceAndBranchOptions(NEVER, 50), stop) is None


def test_a_program_grows_and_goes_on() -> None:
    """More variables, other costs and held values after a solution: each time what a new program would give."""
    program = LinearProgram(grows=True)
    first = program.add_variables(np.array([4.0, 4.0]), np.array([1.0, 2.0]))
    row = program.add_rows(np.array([5.0]), np.array([np.inf]))
    program.add_terms(np.repeat(row, 2), first, np.ones(2))
    solution = program.solve()
    assert solution is not None
    assert solution.cost == pytest.approx(4.0 + 2.0)
    assert solution.prices[0] == pytest.approx(2.0)
    more = program.add_variables(np.array([10.0]), np.array([0.5]))
    program.add_terms(row, more, np.ones(1))
    program.set_costs(first, np.array([0.25, 2.0]))
    solution = program.solve()
    assert solution is not None
    assert solution.cost == pytest.approx(4 * 0.25 + 0.5)
    program.hold(first, np.array([0.0, 1.0]))
    solution = program.solve()
    assert solution is not None
    assert solution.values.tolist() == pytest.approx([0.0, 1.0, 4.0])
    assert solution.cost == pytest.approx(2.0 + 2.0)


def test_losses_that_are_not_whole_are_an_error() -> None:
    """Nothing is cut off: a program of whole numbers is not asked about halves."""
    problem = _split_room(moves=1)
    *above, bronze = problem.ranks
    relaxed = Bounds(problem).loss_problem(bronze, {Key(Measure.RUNNING, rank): 0 for rank in above})
    bound = DantzigWolfeBound(relaxed, find_prices(relaxed))
    bound.improve(30)
    bound.pricing.losses = bound.pricing.losses * 0.75
    with pytest.raises(AssertionError, match=r"not whole: 1.5"):
        round_master(bound, 1.0, np.inf, seed=1)
