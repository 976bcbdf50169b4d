"""Plans one BtrPlace instance."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks.btrplace.planning import plan_file
from benchmarks.service import Service
from trimtab_server.files import write_answer
from trimtab_solver.errors import RefusedError


def main(argv: Sequence[str] | None = None) -> int:
    """``python -m benchmarks.btrplace``; exit code 1 when a guest stays down or a rule broken, 2 for bad input."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.btrplace", description=__doc__)
    parser.add_argument("file", type=Path, metavar="FILE", help="instance, JSON or .gz")
    parser.add_argument("--seconds", type=float, default=8.0, help="budget, from the request's bytes to the answer")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, metavar="PLAN", help="where to write the plan, as .json, .json.gz or .pb")
    arguments = parser.parse_args(argv)
    try:
        with Service() as service:
            planned = plan_file(service, arguments.file, arguments.seconds, arguments.seed)
        if arguments.out is not None:
            write_answer(arguments.out, planned.answer)
    except (RefusedError, OSError) as error:
        print(error, file=sys.stderr)
        return 2
    row = planned.row
    print(
        f"restarted {row['restarted']} of {row['to_restart']}, broken must rules {row['inherited']}, "
        f"verified {'yes' if row['verified'] else 'NO'}, moved {row['moved']}, first plan {row['first_s']:.1f} s, "
        f"answer {row['wall_s']:.1f} s, peak {row['peak_mib']} MiB, {row['outcome']}"
    )
    return 0 if row["restarted"] == row["to_restart"] and not row["inherited"] and row["verified"] else 1


if __name__ == "__main__":
    sys.exit(main())
