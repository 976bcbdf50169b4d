"""One report, three renderings: each says the same, and names can do nothing in any of them."""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from html.parser import HTMLParser

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.case_files import DISPLACED, FAILED, H2, A
from tests.unit.server import strategies
from trimtab_server.reports.answer import answer_report
from trimtab_server.reports.explanation import admission_report, guest_report
from trimtab_server.reports.html_file import html_of
from trimtab_server.reports.markdown import escape, markdown_of
from trimtab_server.reports.model import Block, Cell, Column, Items, Line, Report, Section, Table, whole
from trimtab_server.reports.page import Page
from trimtab_server.reports.policy_findings import findings_report
from trimtab_server.reports.safe_text import clean
from trimtab_server.reports.terminal import write_blocks, write_list, write_report
from trimtab_server.reports.verification import verification_report
from trimtab_solver.authoring.findings import Finding, Severity
from trimtab_solver.explain.explanation import GuestExplanation
from trimtab_solver.outcome import Answer
from trimtab_solver.placement import Placement
from trimtab_solver.policy.documents import Source
from trimtab_solver.snapshot import Snapshot, Vm
from trimtab_solver.verify.replay import Verdict
from trimtab_solver.verify.staleness import StaleInput
from trimtab_solver.verify.violation import Violation

STATE = Snapshot((FAILED, H2), (DISPLACED, replace(A, id="b", host_id="h2")))
TAGS = {
    "html", "head", "meta", "title", "style", "body", "main", "header", "footer", "section", "div", "p", "ul", "li",
    "h1", "h2", "h3", "code", "table", "thead", "tbody", "tr", "th", "td",
}  # fmt: skip
SHORT = 30
HOSTILE = "<script>alert(1)</script>\x1b[2J\u202egnp\r\n&amp;\"'|`[x](http://x.example)\x00{{7*7}}{% raw %}"


class _Text(HTMLParser):
    """The words of a page, and what it is made of."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.open: list[str] = []
        self.texts: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] != "style":
            self.texts.append(data)


def _said(report: Report, *, has_room: bool) -> Iterator[str]:
    """Every text of a report; without room, those that a terminal shows."""
    yield from _said_in((report.verdict, *report.blocks, *report.basis), has_room)
    sections = list(report.sections)
    while sections:
        section = sections.pop()
        sections += section.sections
        yield from (section.title, *_said_in(section.blocks, has_room))


def _said_in(blocks: Iterable[Block], has_room: bool) -> Iterator[str]:
    for block in blocks:
        match block:
            case Line():
                yield whole(block.parts)
            case Items():
                yield from block.texts
            case Table():
                kept = [i for i, column in enumerate(block.columns) if has_room or not column.needs_room]
                yield from (row[i].text for row in block.rows for i in kept)


def _on_terminal(report: Report) -> str:
    stream = io.StringIO()
    page = Page(stream)
    page._console.width = 1000  # so that no text is cut into lines between which others stand
    write_report(page, report)
    return stream.getvalue()


def _packed(text: str) -> str:
    return "".join(text.split())


def _check(report: Report) -> None:
    """Whatever the report says is in every rendering, and nothing but text comes from it."""
    html, markdown, terminal = html_of(report), markdown_of(report), _on_terminal(report)
    page = _Text(html)
    shown = _packed("".join(page.texts))
    for text in _said(report, has_room=True):
        assert _packed(clean(text)) in shown
        assert _packed(escape(text)) in _packed(markdown).replace("`", "") or "`" in text
    for text in _said(report, has_room=False):
        # longer words are cut where a column is as wide as it may be
        assert all(word in terminal for word in clean(text).split() if len(word) <= SHORT)
    assert page.tags <= TAGS
    assert page.attributes <= {"lang", "charset", "http-equiv", "content", "name", "class", "scope"}
    assert not page.open
    for rendering in (html, markdown, terminal):
        assert all(c.isprintable() or c == "\n" for c in rendering)


@settings(max_examples=20, deadline=None)
@given(strategies.answers)
def test_answers_say_the_same_in_every_format(answer: Answer) -> None:
    """Any answer, whatever the names in it."""
    _check(answer_report(answer, STATE))


@settings(max_examples=15, deadline=None)
@given(
    strategies.answers,
    st.lists(strategies.violations, max_size=2).map(tuple),
    st.lists(st.builds(StaleInput, strategies.words, strategies.words, strategies.words), max_size=2),
)
def test_verifications_say_the_same_in_every_format(
    answer: Answer, violations: tuple[Violation, ...], stale: list[StaleInput]
) -> None:
    """Safe or not, stale or not."""
    levels = tuple((level.name, level.value) for level in answer.levels)
    _check(verification_report(answer, Verdict(violations, levels, Placement({}, {})), stale))


@settings(max_examples=15, deadline=None)
@given(strategies.vms, strategies.answers, strategies.explanations)
def test_explanations_say_the_same_in_every_format(vm: Vm, answer: Answer, explanation: GuestExplanation) -> None:
    """Of a guest under a plan, and of a guest and hosts."""
    _check(guest_report(vm, vm.tier, answer))
    _check(admission_report(vm, explanation))


def test_hostile_names_are_text_in_every_format() -> None:
    """In every place where a name can stand: no tag, no template, no link, no character that steers or hides."""
    columns = (Column(HOSTILE, wrap=True), Column(HOSTILE, needs_room=True))
    rows = ((Cell(HOSTILE), Cell(HOSTILE)),)
    part = Section(HOSTILE, (Line((HOSTILE,), is_fixed=True),))
    report = Report(
        Line((HOSTILE,)), (Items((HOSTILE,)), Table(columns, rows)), (Section(HOSTILE, (), HOSTILE, (part,)),)
    )
    _check(report)
    html, markdown = html_of(report), markdown_of(report)
    assert "<script" not in html
    assert r"&lt;script&gt;alert(1)&lt;/script&gt;\x1b[2J\u202egnp\r\n" in html
    assert "{{7*7}}" in html
    assert "<script" not in markdown.replace(r"\<", "")
    assert "](http" not in markdown.replace(r"\]", "")


def test_the_file_needs_nothing_else() -> None:
    """No script, no address, style within; it forbids itself the network; light, dark and paper are provided for."""
    html = html_of(Report(Line(("OPTIMAL",))))
    assert "default-src 'none'" in html
    assert not re.search(r"https?:|url\(|@import|src=|href=", html)
    assert "prefers-color-scheme: dark" in html
    assert "@media print" in html


def test_what_is_listed_ends_with_the_verdict() -> None:
    """Findings come with their places, one to a line however long; the sum is last on a terminal, first elsewhere."""
    where = Source("a-folder-with-a-long-name/" * 5 + "tiers.yaml", 3, 7)
    report = findings_report(None, [Finding(Severity.ERROR, where, "", "no field rnk", "did you mean rank?")], None)
    stream = io.StringIO()
    write_list(Page(stream), report)
    first, last = stream.getvalue().splitlines()
    assert first.startswith(f"{where}")
    assert last == "1 error; the policy cannot be used"
    assert markdown_of(report).startswith(f"# {last}\n")
    _check(report)


def test_equal_reasons_are_told_once_on_a_terminal() -> None:
    """Rows that differ in the first cell only become one; how many are not shown counts guests, not rows."""
    rows = (*((Cell(name), Cell("no room")) for name in "abcde"), (Cell("f"), Cell("down")))
    table = Table((Column("guest"), Column("why", wrap=True)), rows, is_list=True, noun="guest", is_grouped=True)
    stream = io.StringIO()
    write_blocks(Page(stream), [table], limit=1)
    assert [" ".join(line.split()) for line in stream.getvalue().splitlines()][2:] == [
        "a, b, c and 2 more no room", "... and 1 more guest",
    ]  # fmt: skip
    assert "a, b, c, d, e" in _on_terminal(Report(Line(("x",)), (table,)))
