"""Runs benchmark subjects and writes a row per case. Cases that this commit has run already are left out."""

from __future__ import annotations

import argparse
import datetime as dt
import os
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path

from benchmarks.data import MissingDataError
from benchmarks.environment import describe_environment
from benchmarks.registry import SUBJECTS
from benchmarks.rows import RowFile
from benchmarks.subject import BenchmarkCase, CaseSelection, Row, SkippedError

OUT = Path("out/benchmarks")


def main(argv: Sequence[str] | None = None) -> int:
    """``python -m benchmarks.run``; the exit code is 1 when a case failed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.run", description=__doc__)
    parser.add_argument("--subject", nargs="+", choices=SUBJECTS, default=list(SUBJECTS), help="only these subjects")
    parser.add_argument(
        "--size", nargs="+", default=(), metavar="SIZE", help="only these sizes, such as 200x5000 or b_1"
    )
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--budget-factor", type=float, default=1.0, metavar="F", help="scales every time budget")
    parser.add_argument(
        "--case", nargs="+", default=(), metavar="TEXT", help="only cases whose name contains each of these: load=1.02"
    )
    parser.add_argument("--scenarios", type=int, default=0, metavar="N", help="only the first N scenarios of a batch")
    parser.add_argument("--again", action="store_true", help="run cases again that this commit has run already")
    parser.add_argument("--list", action="store_true", help="print the cases and run none")
    parser.add_argument("--smoke", action="store_true", help="the smallest case of each subject, in seconds")
    parser.add_argument("--out", type=Path, default=OUT, metavar="DIR", help=f"where rows go (default {OUT})")
    arguments = parser.parse_args(argv)
    seeds = arguments.seeds[:1] if arguments.smoke else arguments.seeds
    selection = CaseSelection(arguments.size, seeds, arguments.budget_factor, arguments.smoke, arguments.scenarios)
    environment = describe_environment()
    failures = 0
    for name in arguments.subject:
        rows = RowFile(arguments.out, name)
        try:
            for case in SUBJECTS[name](selection):
                if not all(text in case.name for text in arguments.case):
                    continue
                if arguments.list:
                    print(f"{name}: {case.name}")
                elif arguments.again or not rows.has(case.facts, environment["commit"]):
                    failures += not _run(name, case, rows, environment)
        except (MissingDataError, SkippedError) as reason:
            print(f"{name}: SKIPPED, {reason}", file=sys.stderr)
    return 1 if failures else 0


def _run(subject: str, case: BenchmarkCase, rows: RowFile, environment: Row) -> bool:
    """Runs a case and writes its row; False when it failed. A failure is a row too."""
    print(f"{subject}: {case.name} ...", file=sys.stderr, flush=True)
    try:
        result = case.run()
    except (MissingDataError, SkippedError) as reason:
        print(f"{subject}: SKIPPED, {reason}", file=sys.stderr, flush=True)
        return True
    except Exception as error:  # hours of other cases must not be lost; the row and the exit code tell
        traceback.print_exc()
        result = {"error": f"{type(error).__name__}: {error}"}
    rows.append(
        {
            "subject": subject,
            "at": dt.datetime.now(tz=dt.UTC).isoformat(timespec="seconds"),
            # two threads of our own make a load of 2; much more means that something else was running
            "load_average": round(os.getloadavg()[0], 2),
            "case": dict(case.facts),
            **result,
            "environment": environment,
        }
    )
    return "error" not in result


if __name__ == "__main__":
    sys.exit(main())
