"""Writes instances as files that any tool can read, or the table of their digests."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks.vmha.instance import DIGESTS, digest_of, generate, policy_files
from benchmarks.vmha.recipe import SEEDS, SIZES, SIZINGS, recipes
from trimtab_server.files import write_snapshot


def main(argv: Sequence[str] | None = None) -> None:
    """``python -m benchmarks.vmha``."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.vmha", description=__doc__)
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--write", type=Path, metavar="DIR", help="write snapshots and both policies below DIR")
    what.add_argument(
        "--pin", action="store_true", help=f"write {DIGESTS.name}: only for a new version of the benchmark"
    )
    parser.add_argument("--size", nargs="+", choices=[size.name for size in SIZES], help="only these sizes")
    parser.add_argument("--seeds", type=int, nargs="+", choices=SEEDS, help="only these seeds")
    arguments = parser.parse_args(argv)
    if arguments.pin:
        DIGESTS.write_text("")
        DIGESTS.write_text("".join(f"{one.name}\t{digest_of(generate(one).snapshot)}\n" for one in recipes()))
        return
    folder: Path = arguments.write
    for sizing in SIZINGS:
        target = folder / "policies" / sizing
        target.mkdir(parents=True, exist_ok=True)
        for name, content in policy_files(sizing).items():
            (target / name).write_bytes(content)
    for recipe in recipes():
        if recipe.size.name in (arguments.size or [recipe.size.name]) and recipe.seed in (arguments.seeds or SEEDS):
            path = folder / f"{recipe.name}.json.gz"
            write_snapshot(path, generate(recipe).snapshot)
            print(path, file=sys.stderr)


if __name__ == "__main__":
    main()
