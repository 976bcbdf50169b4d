"""``trimtab policy explain``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .test_command import PolicyPaths, folder_of


def explain(
    vm: Annotated[str, typer.Argument(metavar="VM", help="Id of the guest.")],
    paths: PolicyPaths,
    snapshot: Annotated[Path, typer.Option("--snapshot", metavar="FILE", help="The cluster that the guest is in.")],
) -> None:
    """List every document that says something about a guest, with its place, and why it applies."""
    from trimtab_solver.authoring.loader import load_policy
    from trimtab_solver.review.touching import touching

    from ...files import read_snapshot
    from ...reports.places import located
    from ...reports.safe_text import clean

    policy = load_policy(paths)
    for touch in touching(policy, read_snapshot(snapshot), vm):
        how = f" ({touch.how})" if touch.how else ""
        place = located(str(touch.source), folder_of(paths))
        print(clean(f"{place}: {touch.document.kind} {touch.document.name}{how}"))
        for fact in touch.facts:
            print(clean(f"    {fact}"))
