"""Incumbents as they are found: one line each, value and bound of every level."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

from trimtab_solver.outcome import LevelValue

from ..reports.levels import abbreviate_value
from ..reports.page import Page

CAPTION = "value/bound per level, disruption in GiB; smaller is better; both equal: proven best"


@dataclass(frozen=True, slots=True)
class _Report:
    engine: str
    elapsed_s: float
    levels: tuple[LevelValue, ...]


class ProgressLines:
    """Writes incumbents below a head; a report that follows too soon waits until the next, or the end."""

    def __init__(self, page: Page, every_s: float = 0.5) -> None:
        self._page = page
        self._every_s = every_s
        self._began = time.monotonic()
        self._widths: list[int] = []
        self._last_s = float("-inf")
        self._waiting: _Report | None = None

    def show(self, engine: str, elapsed_s: float, levels: Sequence[LevelValue]) -> None:
        """Take a report, and write it unless the last one was written just now."""
        self._waiting = _Report(engine, elapsed_s, tuple(levels))
        if elapsed_s - self._last_s >= self._every_s:
            self._write(self._waiting)

    def finish(self, levels: Sequence[LevelValue]) -> None:
        """Write what still waits, then the levels that the plan reaches."""
        if self._waiting is not None:
            self._write(self._waiting)
        self._write(_Report("plan", time.monotonic() - self._began, tuple(levels)))

    def _write(self, report: _Report) -> None:
        cells = [
            "/".join(abbreviate_value(level.name, number) for number in (level.value, level.bound))
            for level in report.levels
        ]
        if not self._widths:
            heads = [level.name.removeprefix("running:") for level in report.levels]
            self._widths = [max(len(head), len(cell), 4) for head, cell in zip(heads, cells, strict=True)]
            self._page.raw(self._row("time", "engine", heads))
        self._page.raw(self._row(f"{report.elapsed_s:.1f}s", report.engine, cells))
        self._last_s, self._waiting = report.elapsed_s, None

    def _row(self, elapsed: str, engine: str, cells: Sequence[str]) -> str:
        """As many cells as the page has room for, and how many levels that leaves out: ``+2``."""
        lead = f"{elapsed.rjust(7)} {engine.ljust(6)}"
        padded = [cell.rjust(width) for cell, width in zip(cells, self._widths, strict=True)]
        rows = (" ".join([lead, *padded[:shown], f"+{len(padded) - shown}"]) for shown in range(len(padded) - 1, 0, -1))
        whole = " ".join([lead, *padded])
        return next((row for row in (whole, *rows) if len(row) <= self._page.width), lead)
