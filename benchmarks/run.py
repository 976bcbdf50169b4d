"""Plans every subject once per seed and prints a table: ``python -m benchmarks.run [--smoke] [--append]``."""

from __future__ import annotations

import argparse
import datetime as dt
import os
import platform
import resource
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from importlib.metadata import version
from pathlib import Path

from trimtab_solver.planner import PlanOptions, plan_recovery

from .instances import DATA, Instance, samples, third_party

RESULTS = Path(__file__).with_name("RESULTS.md")
HEAD = (
    "| instance | seed | s | first plan s | outcome | engine | actions | levels value/bound |\n"
    "|---|---|---|---|---|---|---|---|\n"
)


def rows(seeds: Sequence[int], budget_s: float, *, smoke: bool) -> Iterator[str]:
    """One table row per instance and seed."""
    for seed in seeds:
        for instance in samples(seed, smoke=smoke):
            yield row(instance, seed, budget_s)
    if not smoke:
        for instance in third_party():
            yield row(instance, seeds[0], budget_s)


def row(instance: Instance, seed: int, budget_s: float) -> str:
    """Plans one instance."""
    began = time.monotonic()
    first: list[float] = []
    options = PlanOptions(budget_s=budget_s, seed=seed)
    answer = plan_recovery(
        instance.snapshot, instance.policy, options, lambda _: first.append(time.monotonic() - began)
    )
    took = time.monotonic() - began
    levels = " ".join(f"{level.name}={level.value}/{level.bound}" for level in answer.levels)
    return (
        f"| {instance.name} | {seed} | {took:.1f} | {first[0]:.2f} | {answer.outcome} | {answer.engine} "
        f"| {len(answer.plan.actions)} | {levels} |"
    )


def caption(budget_s: float, seeds: Sequence[int]) -> str:
    """What a reader needs to compare runs."""
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False)
    peak_mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    return (
        f"## {dt.datetime.now(tz=dt.UTC):%Y-%m-%d}, commit {commit.stdout.strip() or 'unknown'}\n\n"
        f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, "
        f"trimtab {version('trimtab')}, ortools {version('ortools')}; budget {budget_s:g} s, seeds "
        f"{', '.join(map(str, seeds))}; peak memory {peak_mib} MiB over all runs\n\n"
    )


def main(argv: Sequence[str] | None = None) -> None:
    """Runs the benchmarks."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--smoke", action="store_true", help="the smallest subject only, for the tests")
    parser.add_argument("--append", action="store_true", help=f"append the table to {RESULTS.name}")
    parser.add_argument("--budget", type=float, default=10.0, metavar="SECONDS")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    arguments = parser.parse_args(argv)
    if not os.environ.get(DATA) and not arguments.smoke:
        print(f"third-party instances are skipped: {DATA} does not name their folder", file=sys.stderr)
    seeds = arguments.seeds[:1] if arguments.smoke else arguments.seeds
    print(HEAD, end="")
    table = []
    for line in rows(seeds, arguments.budget, smoke=arguments.smoke):
        print(line, flush=True)
        table.append(line)
    if arguments.append:
        with RESULTS.open("a") as results:
            results.write("\n" + caption(arguments.budget, seeds) + HEAD + "\n".join(table) + "\n")


if __name__ == "__main__":
    main()
