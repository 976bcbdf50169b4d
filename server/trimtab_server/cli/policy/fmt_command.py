"""``trimtab policy fmt``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from ...reports.quantities import plural
from ..exits import ExitCode


def fmt(
    paths: Annotated[list[Path], typer.Argument(metavar="PATH", help="Policy files and folders.")],
    check: Annotated[
        bool, typer.Option("--check", help="Change nothing; exit code 1 if a file would be changed.")
    ] = False,
) -> None:
    """Lay policy files out in one way: indentation, blanks, separators. Comments and order stay as they are.

    Exit code 1: with --check, files would be changed. 2: a file cannot be read; no file is changed then.
    """
    from trimtab_solver.authoring.fmt import format_file
    from trimtab_solver.authoring.policy_files import read_files
    from trimtab_solver.errors import Fault, PolicyRefusedError

    faults: list[Fault] = []
    changed: dict[Path, bytes] = {}
    for path, content in read_files(paths).items():
        try:
            formatted = format_file(str(path), content)
        except PolicyRefusedError as refusal:
            faults += refusal.faults
            continue
        if formatted != content:
            changed[path] = formatted
    if faults:
        raise PolicyRefusedError(faults)
    for path, formatted in changed.items():
        if not check:
            path.write_bytes(formatted)
        print(f"{path}: {'would be changed' if check else 'formatted'}")
    verb = "to format" if check else "formatted"
    print(f"{plural(len(changed), 'file')} {verb}", file=sys.stderr)
    raise typer.Exit(ExitCode.FLAWED if check and changed else ExitCode.OK)
