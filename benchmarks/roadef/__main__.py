"""Solves instances of the machine reassignment challenge with the general engine."""

from __future__ import annotations

import argparse
import statistics
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks.data import MissingDataError
from benchmarks.roadef.cost import cost_of
from benchmarks.roadef.instance import InstanceError, write_assignment
from benchmarks.roadef.solving import instance_files, solve
from benchmarks.roadef.subject import measure


def main(argv: Sequence[str] | None = None) -> int:
    """``python -m benchmarks.roadef``; exit code 1 when an assignment breaks a constraint, 2 for bad input."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.roadef", description=__doc__)
    parser.add_argument("model", type=Path, nargs="?", metavar="MODEL", help="model file, plain or .gz")
    parser.add_argument("initial", type=Path, nargs="?", metavar="INITIAL", help="initial assignment, plain or .gz")
    parser.add_argument("--all", action="store_true", help="all instances at hand instead of one")
    parser.add_argument("--only", nargs="+", metavar="NAME", help="with --all: only these, such as b_1 b_2")
    parser.add_argument("--seconds", type=float, default=300.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, metavar="ASSIGNMENT", help="where to write the assignment")
    arguments = parser.parse_args(argv)
    try:
        if arguments.all:
            return _solve_all(arguments.seconds, arguments.seed, arguments.only)
        if arguments.model is None or arguments.initial is None:
            parser.error("name MODEL and INITIAL, or say --all")
        return _solve_one(arguments.model, arguments.initial, arguments.seconds, arguments.seed, arguments.out)
    except (InstanceError, MissingDataError, OSError) as error:
        print(error, file=sys.stderr)
        return 2


def _solve_one(model: Path, initial: Path, seconds: float, seed: int, out: Path | None) -> int:
    solution = solve(model, initial, seconds, seed)
    if out is not None:
        write_assignment(out, solution.assignment)
    cost = solution.cost
    print(
        f"cost {cost.total} (load {cost.load}, balance {cost.balance}, process moves {cost.process_move}, "
        f"service moves {cost.service_move}, machine moves {cost.machine_move})"
    )
    initial_cost = cost_of(solution.instance, solution.instance.initial).total
    print(f"initial cost {initial_cost}; {solution.wall_s:.1f} s")
    for fault in solution.faults:
        print(f"INFEASIBLE: {fault}")
    return 1 if solution.faults else 0


def _solve_all(seconds: float, seed: int, only: Sequence[str] | None) -> int:
    """A line per instance as it is solved, then the mean score of set B."""
    print("| instance | initial | cost | feasible | score % | to best known % | s | peak MiB |")
    print("|---|---:|---:|---|---:|---:|---:|---:|")
    scores, is_feasible = [], True
    for name in instance_files():
        if only and name not in only:
            continue
        row = measure(name, seconds, seed)
        is_feasible = is_feasible and row["feasible"]
        if name.startswith("b_"):
            scores.append(row["score"])
        print(
            f"| {name} | {row['initial']:,} | {row['cost']:,} | {'yes' if row['feasible'] else 'NO'} "
            f"| {row['score']:+.3f} | {row['score_best_known']:+.3f} | {row['wall_s']:.1f} | {row['peak_mib']} |",
            flush=True,
        )
    if scores:
        mean, worst = statistics.mean(scores), max(scores)
        print(f"\nset B: mean score {mean:+.3f} %, worst {worst:+.3f} % ({len(scores)} instances)")
    return 0 if is_feasible else 1


if __name__ == "__main__":
    sys.exit(main())
