"""Where commands write: plain text that is safe whatever guests and hosts are called, in colour on a terminal only."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import IO

from rich import box
from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from .model import Cell, Column, Line, Tone
from .safe_text import clean

WIDTH = 100
"""Columns of a page that is not on a terminal, and the most that is used on one."""


_ROOMY = 90
"""From this width on, columns are two blanks apart."""


_STYLES = {Tone.PLAIN: "", Tone.GOOD: "green", Tone.DOUBTFUL: "yellow", Tone.BAD: "red", Tone.QUIET: "dim"}


class Page:
    """Writes lines and tables. Nothing in a text is taken as markup, and unprintable characters are written out."""

    def __init__(self, stream: IO[str] | None = None) -> None:
        self._console = Console(file=stream, markup=False, emoji=False, highlight=False, soft_wrap=False)
        if self._console.width > WIDTH or not (self._console.is_terminal or os.environ.get("COLUMNS")):
            self._console.width = WIDTH

    @property
    def is_terminal(self) -> bool:
        """Whether a person is watching."""
        return self._console.is_terminal

    @property
    def width(self) -> int:
        """How many columns a line may have."""
        return self._console.width

    def title(self, text: str) -> None:
        """A heading with a blank line before it."""
        self.line()
        self._write(Text(clean(text), "bold"))

    def line(self, text: str = "", style: str = "", indent: int = 0) -> None:
        """A line; long ones are wrapped with the same indent."""
        self._write(Padding(Text(clean(text), style), (0, 0, 0, indent), expand=False))

    def raw(self, text: str, style: str = "") -> None:
        """A line exactly as wide as it is."""
        self._console.print(Text(clean(text), style), no_wrap=True, overflow="ignore", crop=False)
        self._console.file.flush()

    def table(self, columns: Sequence[Column], rows: Sequence[Sequence[Cell]], indent: int = 2) -> None:
        """A table with a line below its head."""
        gap = 1 if self._console.width >= _ROOMY else 0  # besides the one blank that the box has
        table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, gap, 0, 0), header_style="bold")
        for column in columns:
            table.add_column(
                # numbers are narrow: what stands above them is written word below word
                Text("\n".join(map(clean, column.title.split())) if column.is_number else clean(column.title)),
                justify="right" if column.is_number else "left",
                no_wrap=not column.wrap,
                overflow="fold",
                max_width=column.most or None,
            )
        for row in rows:
            table.add_row(*(_text(cell) for cell in row))
        self._write(Padding(table, (0, 0, 0, indent), expand=False))

    def _write(self, renderable: RenderableType) -> None:
        with self._console.capture() as capture:
            self._console.print(renderable)
        # blanks at the end of lines are in the way of whoever copies or compares the text
        for line in capture.get().splitlines() or [""]:
            print(line.rstrip(), file=self._console.file)
        self._console.file.flush()  # who reads along through a pipe sees it now


def stderr_page() -> Page:
    """The page for progress and faults."""
    return Page(sys.stderr)


def style_of(text: Line | Cell) -> str:
    """The style of the terminal for a text."""
    return f"{'bold ' if text.is_strong else ''}{_STYLES[text.tone]}".strip()


def _text(cell: Cell) -> Text:
    return Text(clean(cell.text), style_of(cell))
