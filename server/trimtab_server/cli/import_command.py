"""``trimtab import``."""

from __future__ import annotations

import enum
from pathlib import Path
from typing import Annotated

import typer


class Source(enum.StrEnum):
    """Formats that can be read."""

    BTRPLACE = "btrplace"
    GANETI = "ganeti"


def import_(
    source: Annotated[
        Source, typer.Argument(metavar="FORMAT", help="btrplace (JSON instance) or ganeti (htools dump).")
    ],
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The file to read.")],
    output: Annotated[
        Path,
        typer.Option("--output", "-o", metavar="SNAPSHOT", help="Snapshot to write: .json, .json.gz, .pb, .pb.zst."),
    ],
    policy_out: Annotated[
        Path | None,
        typer.Option("--policy-out", metavar="DIR", help="Folder to write the policy into [default: SNAPSHOT-policy]."),
    ] = None,
) -> None:
    """Turn the cluster state and the rules of another tool into a snapshot and a policy."""
    from ..adapters import read_btrplace, read_ganeti
    from ..files import SUFFIXES, write_snapshot
    from .outputs import check_output_file, check_policy_folder, write_policy
    from .page import Page
    from .quantities import plural

    check_output_file(output)
    imported = (read_btrplace if source is Source.BTRPLACE else read_ganeti)(file)
    if policy_out is None:
        suffix = next(suffix for suffix in sorted(SUFFIXES, key=len, reverse=True) if output.name.endswith(suffix))
        policy_out = output.with_name(output.name.removesuffix(suffix) + "-policy")
    check_policy_folder(policy_out, imported.policy_documents)
    write_policy(policy_out, imported.policy_documents)
    write_snapshot(output, imported.snapshot)

    page = Page()
    state = imported.snapshot
    page.line(f"{plural(len(state.hosts), 'host')}, {plural(len(state.vms), 'guest')} from {file}.")
    if imported.notes:
        page.title("Interpreted, or not expressed")
        for note in imported.notes:
            page.line(f"- {note}", indent=2)
        page.line()
    page.line(f"Written: {output}, {policy_out}/")
    page.raw(f"Next:    trimtab plan {output} --policy {policy_out}")
