"""Lines about incumbents fit the page that they are written on."""

from __future__ import annotations

import io

import pytest

from trimtab_server.cli.progress import ProgressLines
from trimtab_server.reports.page import Page
from trimtab_solver.outcome import LevelValue

NAMES = ("running:gold", "running:silver", "running:bronze", "inherited", "stops", "shrinkage", "should", "disruption")
LEVELS = tuple(LevelValue(name, 97_085_000, 96_085_000) for name in (*NAMES, "balance"))
SMALL = tuple(LevelValue(name, 0, 0) for name in (*NAMES, "balance"))


def _lines(monkeypatch: pytest.MonkeyPatch, width: int) -> list[str]:
    monkeypatch.setenv("COLUMNS", str(width))
    stream = io.StringIO()
    lines = ProgressLines(Page(stream), every_s=0)
    lines.show("greedy", 0.1, SMALL)
    lines.show("column generation", 12.5, LEVELS)
    return stream.getvalue().splitlines()


@pytest.mark.parametrize("width", [60, 80, 100])
def test_no_line_is_wider_than_the_page(monkeypatch: pytest.MonkeyPatch, width: int) -> None:
    """Also where values have many digits and the engine a long name; the levels that count most stay."""
    lines = _lines(monkeypatch, width)
    assert max(map(len, lines)) <= width
    assert all("gold" in line or "/" in line for line in lines)


def test_what_is_left_out_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    """From the right, where levels count least; with room for all nothing is left out."""
    head, small, _ = _lines(monkeypatch, 80)
    assert head.split()[-2:] == ["disruption", "+1"]
    assert small.split()[-2:] == ["0/0", "+1"]
    assert _lines(monkeypatch, 100)[0].split()[-2:] == ["disruption", "balance"]
