"""``trimtab policy sample``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ..exits import CommandError, ExitCode


def _names_like(incomplete: str) -> list[str]:
    from ...sampling import sample_policy_folders

    return [name for name in sample_policy_folders() if name.startswith(incomplete)]


def sample(
    name: Annotated[
        str | None,
        typer.Argument(metavar="NAME", help="Which one; without it all are listed.", autocompletion=_names_like),
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="DIR", help="New folder to write it into.  [default: NAME]")
    ] = None,
) -> None:
    """Write a sample policy with its tests, to begin one of your own from; without NAME, say which there are."""
    from trimtab_solver.authoring.schema import SCHEMA_FILE, schema_text

    from ...sampling import sample_policy_folders

    folders = sample_policy_folders()
    if name is None:
        for one, folder in folders.items():
            print(f"{one:22}{_subject(folder)}")
        return
    if name not in folders:
        raise CommandError(ExitCode.USAGE, [f'there is no sample policy "{name}"; there are {", ".join(folders)}'])
    target = output or Path(name)
    if target.exists():
        raise CommandError(ExitCode.USAGE, [f"{target}: is there already; name a new folder"])
    for path in sorted(folders[name].rglob("*.yaml")):
        copy = target / path.relative_to(folders[name])
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(path.read_bytes())
    # where the first line of each file tells editors to look for it
    schema = target.parent / SCHEMA_FILE
    if not schema.exists():
        schema.write_text(schema_text(), encoding="utf-8")
    print(f"Written: {target}/\nNext:    trimtab policy test {target}")


def _subject(folder: Path) -> str:
    """What the policy is about: the first sentence of the comment that it begins with."""
    for name in ("policy-set.yaml", "policy.yaml"):
        if (folder / name).exists():
            lines = (folder / name).read_text(encoding="utf-8").splitlines()[1:]
            comment = " ".join(line.removeprefix("#").strip() for line in lines[: _end_of_comment(lines)])
            return comment.partition(". ")[0].rstrip(".")
    return ""


def _end_of_comment(lines: list[str]) -> int:
    return next((i for i, line in enumerate(lines) if not line.startswith("#")), len(lines))
