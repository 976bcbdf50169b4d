"""Reports on stdout, as asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from .arguments import Rendering

if TYPE_CHECKING:
    from ..reports.model import Report


def show(report: Report, rendering: Rendering, limit: int | None = None, *, verdict_last: bool = False) -> None:
    """Print the report; of every table the first `limit` rows where it is for a terminal.

    `verdict_last` ends with the verdict there, where it is read when lines are many.
    """
    match rendering:
        case Rendering.JSON:
            from ..reports.json_report import json_of

            typer.echo(json_of(report), nl=False)
        case Rendering.MARKDOWN:
            from ..reports.markdown import markdown_of

            typer.echo(markdown_of(report), nl=False)
        case Rendering.HTML:
            from ..reports.html_file import html_of

            typer.echo(html_of(report), nl=False)
        case Rendering.TABLE:
            from ..reports.page import Page
            from ..reports.terminal import write_list, write_report

            if verdict_last:
                write_list(Page(), report)
            else:
                write_report(Page(), report, limit)
