"""``trimtab import``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .exits import CommandError, ExitCode
from .listing import ListingCommand

if TYPE_CHECKING:
    from ..adapters.importers.importer import Importer


class ImportCommand(ListingCommand):
    """Lists the importers."""

    title = "Tools"

    def choices(self) -> list[tuple[str, str]]:
        """Their names and what they read."""
        return [(name, f"reads {importer.reads}") for name, importer in _importers().items()]


def _importers() -> dict[str, Importer]:
    from ..adapters import importers

    return {importer.name: importer for importer in importers.IMPORTERS}


def _importer(name: str) -> Importer:
    importers = _importers()
    if name not in importers:
        choice = " or ".join(f"{one.name} ({one.reads})" for one in importers.values())
        raise CommandError(ExitCode.USAGE, [f"{name!r} is no tool whose files can be read; use {choice}"])
    return importers[name]


def import_(
    tool: Annotated[str, typer.Argument(metavar="TOOL", help="The tool that wrote the file: see below.")],
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
    from trimtab_solver.validation import check_snapshot

    from ..files import STANDARD, SUFFIXES, write_snapshot
    from ..reports.page import Page
    from ..reports.quantities import plural
    from .outputs import check_output_file, check_policy_folder, write_policy

    importer = _importer(tool)
    check_output_file(output)
    imported = importer.read(file)
    check_snapshot(imported.snapshot)
    if policy_out is None:
        if output == STANDARD:
            raise CommandError(ExitCode.USAGE, ["--policy-out: say where the policy goes when SNAPSHOT is -"])
        suffix = next(suffix for suffix in sorted(SUFFIXES, key=len, reverse=True) if output.name.endswith(suffix))
        policy_out = output.with_name(output.name.removesuffix(suffix) + "-policy")
    check_policy_folder(policy_out, imported.policy_documents)
    write_policy(policy_out, imported.policy_documents)
    write_snapshot(output, imported.snapshot)
    if output == STANDARD:
        return

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
