"""Writes the report: a folder with Markdown and plots, and on request a section of RESULTS.md."""

from __future__ import annotations

import argparse
import datetime as dt
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from benchmarks.report import tables
from benchmarks.report.plots import draw_all
from benchmarks.report.results import Results
from benchmarks.run import OUT

RESULTS: Final = Path(__file__).parents[1] / "RESULTS.md"

_SECTIONS: Final[tuple[tuple[str, str, Callable[[Results], str]], ...]] = (
    ("vmha", "Failure benchmark (vmha)", tables.vmha_table),
    ("vmha", "Where the time to the first verified plan goes (ms)", tables.stages_table),
    ("frontier", "What each further migration buys (load 1.02, rigid, small failure)", tables.frontier_table),
    ("peers", "Peers on the same instances", tables.peers_table),
    ("btrplace", "BtrPlace", tables.btrplace_table),
    ("roadef", "Machine reassignment challenge 2012", tables.reassignment_table),
    ("policies", "Policies compiled", tables.policies_table),
    ("prepared", "One host lost in a prepared cluster", tables.prepared_table),
    ("renamings", "One cluster under ten names: least, median and most", tables.renamings_table),
    ("what_if", "Losses in batches", tables.what_if_table),
    ("what_if", "Verdicts beside plans", tables.plan_loop_table),
    ("startup", "A service that has just started", tables.startup_table),
    ("small_plans", "Plans for a small cluster, two at a time", tables.small_plans_table),
)


def main(argv: Sequence[str] | None = None) -> int:
    """``python -m benchmarks.report``."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.report", description=__doc__)
    parser.add_argument("--out", type=Path, default=OUT, metavar="DIR", help=f"where the rows are (default {OUT})")
    parser.add_argument("--commit", default="", help="only rows measured at this commit")
    parser.add_argument("--append", action="store_true", help=f"append a section to {RESULTS.name}")
    parser.add_argument("--results", type=Path, default=RESULTS, metavar="FILE", help=argparse.SUPPRESS)
    arguments = parser.parse_args(argv)
    results = Results.read(arguments.out, arguments.commit)
    if not results.environments:
        print(f"no rows in {arguments.out}: run `python -m benchmarks.run` first", file=sys.stderr)
        return 2
    text = caption(results) + body(results)
    folder = arguments.out / "report"
    folder.mkdir(parents=True, exist_ok=True)
    plots = "".join(f"![{title}]({name})\n\n*{title}*\n\n" for name, title in draw_all(results, folder))
    (folder / "README.md").write_text(f"# Benchmark report\n\n{text}\n## Plots\n\n{plots}")
    print(folder / "README.md")
    if arguments.append:
        with arguments.results.open("a") as file:
            # sections of the report are subsections of the append-only file
            file.write(f"\n## {dt.datetime.now(tz=dt.UTC):%Y-%m-%d}, commits {_commits(results)}\n\n")
            file.write(text.replace("\n## ", "\n### "))
    return 0


def caption(results: Results) -> str:
    """What a reader needs to compare runs."""
    lines = []
    for environment in results.environments:
        versions = ", ".join(
            f"{name} {value}" for name, value in environment.items() if name not in ("commit", "machine", "cores")
        )
        lines.append(
            f"- commit {environment['commit']}: {environment['machine']}, {environment['cores']} cores; {versions}"
        )
    rows = [row for rows in results.rows.values() for row in rows]
    seeds = sorted({row["case"]["seed"] for row in rows if "seed" in row["case"]})
    dates = sorted(row["at"] for row in rows)
    counts = ", ".join(f"{subject} {len(rows)}" for subject, rows in results.rows.items() if rows)
    busiest = max((row["load_average"] for row in rows), default=0.0)
    if dates:
        lines.append(
            f"- measured {dates[0]} to {dates[-1]}; load average at most {busiest:.1f}, of which 2 are our own"
        )
    lines.append(f"- seeds {', '.join(map(str, seeds)) or 'none'}; rows: {counts or 'none'}")
    return "\n".join(lines) + "\n\n"


def body(results: Results) -> str:
    """Claims and tables."""
    parts = [f"## What it is to show\n\n{tables.claims_table(results)}"]
    parts += [f"## {title}\n\n{draw(results)}" for subject, title, draw in _SECTIONS if results.rows[subject]]
    if results.failed:
        parts.append(f"## Cases that failed\n\n{tables.failures_table(results)}")
    return "\n".join(parts)


def _commits(results: Results) -> str:
    return ", ".join(dict.fromkeys(environment["commit"] for environment in results.environments))


if __name__ == "__main__":
    sys.exit(main())
