"""``trimtab export``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .exits import CommandError, ExitCode
from .listing import ListingCommand

if TYPE_CHECKING:
    from ..adapters.exporters.exporter import Exporter


class ExportCommand(ListingCommand):
    """Lists the exporters."""

    title = "Targets"

    def choices(self) -> list[tuple[str, str]]:
        """Their names and what they write."""
        return [(name, f"writes {exporter.writes}") for name, exporter in _exporters().items()]


def _exporters() -> dict[str, Exporter]:
    from ..adapters import exporters

    return {exporter.name: exporter for exporter in exporters.EXPORTERS}


def _exporter(name: str) -> Exporter:
    exporters = _exporters()
    if name not in exporters:
        choice = " or ".join(f"{one.name} ({one.writes})" for one in exporters.values())
        raise CommandError(ExitCode.USAGE, [f"--to: {name!r} is no target that plans are written for; use {choice}"])
    return exporters[name]


def export(
    plan: Annotated[Path, typer.Argument(metavar="PLAN", help="Plan file, as written by `trimtab plan -o`.")],
    to: Annotated[str, typer.Option("--to", metavar="TARGET", help="What executes it: see below.")],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="File to write [default: standard output].")
    ] = None,
) -> None:
    """Write PLAN for the tool that executes it.

    A plan whose certificate does not say that it was verified is refused.
    """
    from ..files import STANDARD, read_answer

    exporter = _exporter(to)
    answer = read_answer(plan)
    if not answer.certificate.verified:
        fix = "nothing should execute it; plan again"
        raise CommandError(ExitCode.FLAWED, [f"{plan}: certificate.verified is false: {fix}"])
    content = exporter.write(answer.plan)
    if output is None or output == STANDARD:
        sys.stdout.buffer.write(content)
    else:
        output.write_bytes(content)
