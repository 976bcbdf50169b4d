"""Names of guests and hosts can do nothing to the page, and no terminal means plain text."""

from __future__ import annotations

import io

import pytest

from trimtab_server.reports.markdown import escape
from trimtab_server.reports.model import Cell, Column, Tone, cells
from trimtab_server.reports.page import Page
from trimtab_server.reports.safe_text import clean

HOSTILE = "[red]x[/red]\x1b[2J\rover\u202egnp\n:smile:"


def _page() -> tuple[Page, io.StringIO]:
    stream = io.StringIO()
    return Page(stream), stream


@pytest.mark.parametrize("width", ["80", "100"])
def test_hostile_names_are_shown_as_text(monkeypatch: pytest.MonkeyPatch, width: str) -> None:
    """Markup stays text; escape sequences, line ends and invisible characters are written out."""
    monkeypatch.setenv("COLUMNS", width)
    page, stream = _page()
    page.title(HOSTILE)
    page.line(HOSTILE)
    page.raw(HOSTILE)
    page.table((Column("a"), Column("b", wrap=True)), [(Cell(HOSTILE), Cell(HOSTILE, Tone.BAD))])
    text = stream.getvalue()
    assert text.count(r"[red]x[/red]\x1b[2J\rover\u202egnp\n:smile:") >= 3
    assert not set(text) & {"\x1b", "\r", "\u202e"}
    assert all(line == line.rstrip() for line in text.splitlines())


def test_ordinary_text_is_not_changed() -> None:
    """Letters of any language and brackets are what they are."""
    assert clean("søk-ß [1] 東京") == "søk-ß [1] 東京"


@pytest.mark.parametrize("no_color", [None, "1"])
def test_colour_needs_a_terminal_and_consent(monkeypatch: pytest.MonkeyPatch, no_color: str | None) -> None:
    """A terminal gets colour, unless NO_COLOR is set; no colour means no colour codes."""
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("FORCE_COLOR", "1")
    if no_color is not None:
        monkeypatch.setenv("NO_COLOR", no_color)
    page, stream = _page()
    page.line("well", "green")
    assert ("\x1b[32m" in stream.getvalue()) is (no_color is None)


def test_without_terminal_there_are_no_escape_sequences(monkeypatch: pytest.MonkeyPatch) -> None:
    """Styles leave no trace in a file."""
    monkeypatch.delenv("FORCE_COLOR", raising=False)
    page, stream = _page()
    page.title("title")
    page.line("line", "bold red")
    assert stream.getvalue() == "\ntitle\nline\n"


def test_numbers_stand_flush_right_below_narrow_heads() -> None:
    """The head of a number column takes as many lines as it has words."""
    page, stream = _page()
    page.table(
        (Column("tier"), Column("runs after", is_number=True)), [cells("gold", "7"), cells("iron", "123")], indent=0
    )
    lines = stream.getvalue().splitlines()
    assert lines[0].split() == ["runs"]
    assert lines[1].split() == ["tier", "after"]
    assert lines[3].endswith("  7")
    assert lines[4].endswith("123")


def test_markdown_shows_names_as_they_are() -> None:
    """Nothing in a name becomes a table cell, a tag, a link or emphasis."""
    assert escape("a|b*c_d`e<f>[g](h)") == r"a\|b\*c\_d\`e\<f\>\[g\](h)"
    assert escape("http://x.example @all billing-a1") == r"http\://x.example \@all billing-a1"
    assert "\n" not in escape("two\nlines")
