"""Staged solving of small integer programs whose answers are plain to see."""

from __future__ import annotations

import threading

import pytest
from ortools.sat.python import cp_model

from trimtab_solver.engines.clock import Deadline
from trimtab_solver.engines.cpsat import Budget, CpSatModel, InfeasibleError, Objective, has_solution
from trimtab_solver.engines.proof import LevelProof

_PATIENCE_S = 60.0


def _budget(seconds: float = _PATIENCE_S, work: float | None = None) -> Budget:
    return Budget(Deadline.after(seconds), work, seed=1, workers=1)


def _ignore(solution: list[int], level: int) -> None:
    """Nobody listens."""


def _two_of_three(*, looks_briefly: bool = False) -> tuple[CpSatModel, tuple[Objective, ...]]:
    """Three Booleans of which at least two hold; the first level wants few, the second dislikes 0 most, then 1."""
    model = CpSatModel(looks_briefly=looks_briefly)
    model.add_bools(3)
    model.add_linear([0, 1, 2], [1, 1, 1], 2, 3)
    return model, (Objective(((0, 1), (1, 1), (2, 1))), Objective(((0, 5), (1, 3), (2, 1)), offset=10))


@pytest.mark.parametrize("looks_briefly", [True, False])
def test_levels_are_minimised_in_order_and_proven(looks_briefly: bool) -> None:
    """The second level improves only as far as the first, held at its optimum, lets it; offsets are part of values."""
    model, objectives = _two_of_three(looks_briefly=looks_briefly)
    solution, proofs = model.solve_staged(objectives, _budget(), threading.Event(), _ignore)
    assert solution == [0, 1, 1]
    assert proofs == [LevelProof(2, 2), LevelProof(14, 14)]


def test_an_earlier_level_is_never_traded_for_a_later_one() -> None:
    """However much the second level would gain by a third Boolean, the first keeps it out."""
    model, objectives = _two_of_three()
    greedy = Objective(((0, -1000), (1, -1000), (2, -1000)), offset=3000)
    _, proofs = model.solve_staged((objectives[0], greedy), _budget(), threading.Event(), _ignore)
    assert proofs == [LevelProof(2, 2), LevelProof(1000, 1000)]


def test_known_levels_are_held_without_a_search() -> None:
    """A level that is held is reported as proven, and the next is solved under it."""
    model, objectives = _two_of_three()
    seen: list[int] = []
    solution, proofs = model.solve_staged(
        objectives, _budget(), threading.Event(), lambda _, level: seen.append(level), known=(2,), reached=(2, 16)
    )
    assert solution == [0, 1, 1]
    assert proofs == [LevelProof(2, 2), LevelProof(14, 14)]
    assert set(seen) <= {1}


def test_a_solution_that_cannot_be_bettered_is_proven_and_not_replaced() -> None:
    """No other solution is given then, and a later level that the known one has at its floor needs no search."""
    model, objectives = _two_of_three()
    later = Objective(((0, 1),))
    seen: set[int] = set()
    solution, proofs = model.solve_staged(
        (*objectives, later), _budget(), threading.Event(), lambda _, level: seen.add(level), reached=(2, 14, 0)
    )
    assert solution is None
    assert proofs == [LevelProof(2, 2), LevelProof(14, 14), LevelProof(0, 0)]
    assert seen <= {0, 1}


def test_a_later_level_than_the_known_solution_has_is_found() -> None:
    """The first level is as good as it can be, the second is not: the better solution is given."""
    model, objectives = _two_of_three()
    solution, proofs = model.solve_staged(objectives, _budget(), threading.Event(), _ignore, reached=(2, 16))
    assert solution == [0, 1, 1]
    assert proofs == [LevelProof(2, 2), LevelProof(14, 14)]


def test_a_level_at_its_floor_needs_no_search() -> None:
    """An objective without terms is its offset, and proven."""
    model, objectives = _two_of_three()
    _, proofs = model.solve_staged((*objectives, Objective((), offset=7)), _budget(), threading.Event(), _ignore)
    assert proofs[-1] == LevelProof(7, 7)


def test_a_solve_that_is_stopped_before_it_begins_claims_nothing() -> None:
    """There is no solution and no value then; bounds are those that need no search."""
    model, objectives = _two_of_three()
    stop = threading.Event()
    stop.set()
    solution, proofs = model.solve_staged(objectives, _budget(), stop, _ignore)
    assert solution is None
    assert proofs == [LevelProof(None, 0), LevelProof(None, 10)]


def test_no_time_is_no_proof() -> None:
    """With the deadline behind it, the solve returns at once and claims nothing."""
    model, objectives = _two_of_three()
    solution, proofs = model.solve_staged(objectives, _budget(-1.0), threading.Event(), _ignore)
    assert solution is None
    assert all(proof.value is None for proof in proofs)


def test_fixed_work_ignores_the_clock() -> None:
    """With a deterministic budget the deadline does not matter."""
    model, objectives = _two_of_three()
    solution, proofs = model.solve_staged(objectives, _budget(-1.0, work=1.0), threading.Event(), _ignore)
    assert solution == [0, 1, 1]
    assert all(proof.value == proof.bound for proof in proofs)


def test_a_large_model_is_written_in_place() -> None:
    """Variables are numbered in the order they are added, whatever their kind."""
    model = CpSatModel()
    assert (model.add_bools(1000), model.add_int(-5, 5), model.add_bool()) == (0, 1000, 1001)
    assert model.variable_count == 1002
    model.add_exactly_one(range(1000))
    model.add_clause([-1, 1001])
    solution, proofs = model.solve_staged(
        (Objective(((1000, 1),), offset=5), Objective(((1001, 1),))), _budget(), threading.Event(), _ignore
    )
    assert solution is not None
    assert sum(solution[:1000]) == 1
    assert [proof.value for proof in proofs] == [0, 0]


def test_a_model_without_a_solution_is_an_error() -> None:
    """Every model is made around a known solution: that there is none, or no model, is never read as lack of time."""
    model = cp_model.CpModel()
    variable = model.new_bool_var("")
    solver = cp_model.CpSolver()
    assert has_solution(solver.solve(model), model)
    model.add(variable == 0)
    model.add(variable == 1)
    with pytest.raises(InfeasibleError, match="yet a solution is known"):
        has_solution(solver.solve(model), model)
    model.proto.constraints.add().linear.vars.extend([7])
    with pytest.raises(AssertionError, match="refused the model"):
        has_solution(solver.solve(model), model)
    assert not has_solution(cp_model.UNKNOWN, model)
