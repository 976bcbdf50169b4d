"""One report, four renderings: each says the same, and names can do nothing in any of them."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import fields, replace
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.case_files import DISPLACED, FAILED, H2, A
from tests.unit.server import strategies
from trimtab_server.reports.admission_answer import admission_answer_report
from trimtab_server.reports.answer import answer_report
from trimtab_server.reports.explanation import admission_report, guest_report
from trimtab_server.reports.headroom import growth_report, headroom_report
from trimtab_server.reports.html_file import html_of
from trimtab_server.reports.json_report import json_of, value_of
from trimtab_server.reports.markdown import escape, markdown_of
from trimtab_server.reports.model import (
    Bar,
    BarKind,
    Block,
    Cell,
    Column,
    HeatMap,
    HeatMapHost,
    Items,
    Line,
    Report,
    Section,
    Table,
    Tile,
    Timeline,
    listed,
    whole,
)
from trimtab_server.reports.page import Page
from trimtab_server.reports.policy_conflicts import conflicts_report
from trimtab_server.reports.policy_coverage import coverage_report
from trimtab_server.reports.policy_diff import diff_report
from trimtab_server.reports.policy_findings import findings_report
from trimtab_server.reports.policy_tests import results_report
from trimtab_server.reports.remedies import remedies_report
from trimtab_server.reports.safe_text import clean
from trimtab_server.reports.survivability import survivability_report
from trimtab_server.reports.terminal import write_blocks, write_list, write_report
from trimtab_server.reports.verification import verification_report
from trimtab_solver.actions import Action, ActionKind, Phase, Plan
from trimtab_solver.authoring.findings import Finding, Severity
from trimtab_solver.explain.explanation import Admission, Condition, GuestExplanation, Objection
from trimtab_solver.outcome import Answer, Certificate, LevelValue, Outcome, StaysDown, TierCount
from trimtab_solver.placement import Placement
from trimtab_solver.policy.documents import Policy, Source
from trimtab_solver.review.conflicts import Conflict, Findings
from trimtab_solver.review.coverage import Coverage, Covered
from trimtab_solver.review.diff import PolicyDiff, SelectionChange
from trimtab_solver.review.evidence import Item, Point
from trimtab_solver.review.right_changes import Right, RightChange
from trimtab_solver.review.testing import CaseResult, Failure
from trimtab_solver.snapshot import Snapshot, Vm
from trimtab_solver.verify.replay import Verdict
from trimtab_solver.verify.staleness import StaleInput
from trimtab_solver.verify.violation import Code, Violation
from trimtab_solver.what_if.admission import AdmissionAnswer, ChangeAdmission
from trimtab_solver.what_if.growth import Growth
from trimtab_solver.what_if.headroom import GuestHeadroom
from trimtab_solver.what_if.promise import BrokenPromise
from trimtab_solver.what_if.remedies import Remedy, RemedySearch
from trimtab_solver.what_if.remedy_candidates import RemedyKind
from trimtab_solver.what_if.runners.runner import Assignment
from trimtab_solver.what_if.single_points import Exposure, SinglePoint
from trimtab_solver.what_if.survivability import ScenarioLoss, ShownPoint, Survivability, TierLosses
from trimtab_solver.what_if.verdicts import Basis, StepVerdict

STATE = Snapshot((FAILED, H2), (DISPLACED, replace(A, id="b", host_id="h2")))
TAGS = {
    "html", "head", "meta", "title", "style", "body", "main", "header", "footer", "section", "div", "p", "ul", "li",
    "h1", "h2", "h3", "code", "table", "thead", "tbody", "tr", "th", "td", "span", "i",
}  # fmt: skip
DRAWN = {"style", "title"}
"""Attributes of charts: where a bar stands, and what a tile is."""
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
        if section.is_drawn and not has_room:
            continue
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
                yield from (row[i].whole for row in block.rows for i in kept)
            case HeatMap():
                for domain, hosts in block.domains:
                    yield from (domain, *(host.host_id for host in hosts))
            case Timeline():
                yield from (bar.label for bar in block.bars)


def _on_terminal(report: Report) -> str:
    stream = io.StringIO()
    page = Page(stream)
    page._console.width = 1000  # so that no text is cut into lines between which others stand
    write_report(page, report)
    return stream.getvalue()


def _packed(text: str) -> str:
    return "".join(text.split())


def _scalars(data: Any) -> Iterator[object]:
    """Every value of a JSON document that is not made of others."""
    if isinstance(data, dict | list | tuple):
        for part in data.values() if isinstance(data, dict) else data:
            yield from _scalars(part)
    else:
        yield data


def _check_json(report: Report) -> None:
    """Sentences as they are, cells as their values; whole numbers without a unit are what the others show."""
    text = json_of(report)
    assert all(c.isprintable() or c == "\n" for c in text)
    found = list(_scalars(json.loads(text)))
    assert set(map(str, _scalars(dict(report.facts)))) <= set(map(str, found))
    assert {whole(line.parts) for line in (report.verdict, *report.basis)} <= set(found)
    for block in _blocks_of(report):
        match block:
            case Line():
                assert whole(block.parts) in found
            case Items():
                assert set(block.texts) <= set(found)
            case Table():
                for cell in (cell for row in block.rows for cell in row):
                    assert all(value in found for value in _scalars(value_of(cell)))


def _blocks_of(report: Report | Section) -> Iterator[Block]:
    yield from report.blocks
    for section in report.sections:
        yield from _blocks_of(section)


def _tables(data: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield from (block for block in data["blocks"] if "table" in block)
    for section in data["sections"]:
        yield from _tables(section)


def _written(report: Report) -> tuple[Section, ...]:
    """The sections that plain text has as well."""
    return tuple(section for section in report.sections if not section.is_drawn)


def _check(report: Report) -> None:
    """Whatever the report says is in every rendering, and nothing but text comes from it."""
    _check_json(report)
    html, markdown, terminal = html_of(report), markdown_of(report), _on_terminal(report)
    page = _Text(html)
    shown = _packed("".join(page.texts))
    for text in _said(report, has_room=True):
        assert _packed(clean(text)) in shown
    for text in _said(replace(report, sections=_written(report)), has_room=True):
        assert _packed(escape(text)) in _packed(markdown).replace("`", "") or "`" in text
    for text in _said(report, has_room=False):
        # longer words are cut where a column is as wide as it may be
        assert all(word in terminal for word in clean(text).split() if len(word) <= SHORT)
    assert page.tags <= TAGS
    assert page.attributes <= {"lang", "charset", "http-equiv", "content", "name", "class", "scope", *DRAWN}
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
    _check(guest_report(vm, explanation, answer))
    _check(admission_report(vm, explanation))


def test_hostile_names_are_text_in_every_format() -> None:
    """In every place where a name can stand: no tag, no template, no link, no character that steers or hides."""
    columns = (Column(HOSTILE, wrap=True), Column(HOSTILE, needs_room=True))
    rows = ((Cell(HOSTILE), Cell(HOSTILE)),)
    part = Section(HOSTILE, (Line((HOSTILE,), is_fixed=True),))
    tile = Tile(50, HOSTILE, 1, HOSTILE)
    heat_map = HeatMap(HOSTILE, ((HOSTILE, (HeatMapHost(HOSTILE, tile, tile),)),))
    timeline = Timeline((Bar(HOSTILE, 0, 1, BarKind.MOVE),), 1, HOSTILE, left_out=2)
    drawn = Section(HOSTILE, (timeline, heat_map), is_drawn=True)
    report = Report(
        Line((HOSTILE,)), (Items((HOSTILE,)), Table(columns, rows)), (Section(HOSTILE, (), HOSTILE, (part,)), drawn)
    )
    _check(report)
    html, markdown, data = html_of(report), markdown_of(report), json_of(report)
    assert "\\u001b" in data
    assert "\\u202e" in data
    assert json.loads(data)["verdict"]["text"] == HOSTILE
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


DIGESTS = Certificate("5" * 12, "7" * 12, (), 31337, reproducible=True, verified=True)
MOVE = Action(
    id=4001, kind=ActionKind.MIGRATE_LIVE, vm_id="guest-1", host_id="host-1", target_host_id="host-2",
    phase=Phase.RESTORE, reason="makes room for guest-2",
)  # fmt: skip
ANSWER = Answer(
    Outcome.FEASIBLE,
    Plan((MOVE,)),
    (LevelValue("running:gold", 8123, 7919),),
    (StaysDown("guest-2", "gold", "rule-1 forbids it", ("rule-1",)),),
    DIGESTS,
    "exact",
    hardware_failures=1009,
    tiers=(TierCount("gold", *range(2000, 2000 + len(fields(TierCount)) - 1)),),
)
GUEST = replace(DISPLACED, id="guest-2", host_id="host-1", requested={"cpu_milli": 1})
FULL = Objection(Condition.ROOM, "needs 6101 more")
HOSTS = tuple(Admission(f"host-{n}", (FULL,)) for n in range(3, 30))
REFUSED = Objection(Condition.RULE, "rule rule-2 refuses it", "rule-2")
EXPLANATION = GuestExplanation(
    "guest-2", "gold", (Admission("host-1", remarks=("boots in 1800 s",)), Admission("host-2", (REFUSED,)), *HOSTS)
)
VIOLATION = Violation(4001, Code.MALFORMED, "guest-1 needs 5003", host_id="host-2", resource="memory")
VERDICT = Verdict((VIOLATION,), (("running:gold", 8124),), Placement({}, {}))
PLACE = Source("guest-1.yaml", 1234, 5)
CASE = CaseResult("rule-1", "guest-2 stays", PLACE, (Failure(PLACE, "expect.rule-3", "expected guest-3"),))
CONFLICT = Conflict(("rule-1", "rule-2"), ("guest-1",), (("guest-1", (("rule-1", ("host-1",)), ("rule-2", ()))),), 4321)
COVERED = Covered(Item("rule-1", "spec", Point.SATISFIED), PLACE, "guest-2 stays")
RIGHT = RightChange(Right.EVICT, "", "rule-1", "", "stop", (1,), tuple(f"guest-{n}" for n in range(8123)))
CHANGE = SelectionChange("rule-1", "spec.select", ("guest-1",), ("guest-2", "guest-3"))
LOSS = ScenarioLoss(
    "host-1 and host-2 fail", ("host-1", "host-2"), {"rule-1": 8123}, Basis.BEST_FOUND, only_together=True
)
POINT = SinglePoint("host-3", Exposure.QUORUM, ("guest-1", "guest-2"), "rule-2")
SURVIVABILITY = Survivability(
    (LOSS,), (TierLosses("rule-1", (), (LOSS,)),), (), (ShownPoint(POINT, None),), (("host-4 fails", "guest-7"),)
)
BROKEN = BrokenPromise("host-1 fails", {"rule-1": 8123}, Basis.BOUND, is_proven=True)
CHANGE_ADMISSION = ChangeAdmission(
    AdmissionAnswer.NO,
    StepVerdict(Outcome.FEASIBLE, Basis.BOUND),
    {"rule-1": 4321},
    ("guest-1", "guest-2"),
    ("host-3",),
    (BROKEN,),
    (),
)
REMEDY = Remedy(
    RemedyKind.ADD_HOSTS, "host-2", 8125, 8124, ("rule-2",), Assignment(Snapshot(), Policy((), digest="")), None
)
REPORTS = {
    "answer": answer_report(ANSWER, STATE),
    "verification": verification_report(
        ANSWER, Verdict((VIOLATION,), (("running:gold", 8124),), Placement({}, {})), []
    ),
    "guest": guest_report(GUEST, EXPLANATION, ANSWER),
    "admission": admission_report(GUEST, EXPLANATION),
    "findings": findings_report(None, [Finding(Severity.ERROR, PLACE, "rule-2", "no guest-7")], None),
    "tests": results_report([CASE], None, passing=True),
    "conflicts": conflicts_report(Findings((CONFLICT,), is_complete=True), None),
    "coverage": coverage_report(Coverage((COVERED,)), [CASE], None),
    "change": admission_answer_report(CHANGE_ADMISSION),
    "headroom": headroom_report(
        [GuestHeadroom("guest-1", "", "host-2", 8123, 8124, 8125, (BROKEN,), ("rule-2 depends on the event",))]
    ),
    "growth": growth_report(Growth(2.5, 8123, 8124, "2031-04", 4321, (BROKEN,))),
    "remedies": remedies_report(RemedySearch((BROKEN,), (REMEDY,), 4321, 1234)),
    "survivability": survivability_report(SURVIVABILITY),
    "difference": diff_report(PolicyDiff("a" * 12, "b" * 12, (), (RIGHT,), (CHANGE,), ())),
}


def _marks(text: str) -> set[str]:
    """Ids, and numbers that nothing else in a page is."""
    return set(re.findall(r"(?:guest|host|rule)-\d+|(?<![\w#.])\d{4,5}(?![\w])", text))


@pytest.mark.parametrize("name", REPORTS)
def test_ids_and_numbers_are_the_same_in_every_format(name: str) -> None:
    """What one rendering names, all name; a terminal alone leaves out columns that need room."""
    report = REPORTS[name]
    page = _Text(html_of(report))
    expected = _marks("\n".join(page.texts))
    assert expected
    assert _marks(markdown_of(report).replace("\\", "")) == expected
    assert _marks(json_of(report)) - {"1800"} == expected - {"1800"}
    spared = {"guest": {"6101"}, "coverage": {"guest-2"}}.get(name, set())
    stream = io.StringIO()
    if name in {"findings", "tests", "conflicts", "coverage"}:
        write_list(Page(stream), report)
    else:
        stream.write(_on_terminal(report))
    assert _marks(stream.getvalue()) == expected - spared


def test_programs_need_no_words() -> None:
    """Numbers are numbers beside their unit, ids strings, what is not there is null."""
    (table,) = _tables(json.loads(json_of(REPORTS["verification"]))["sections"][1])
    (row,) = table["rows"]
    assert row["counts"] == "gold guests down, by value"
    expected = {"level": "running:gold", "recomputed": 8124, "planFile": 8123, "unit": "guest value"}
    assert expected.items() <= row.items()
    (actions,) = _tables(json.loads(json_of(REPORTS["answer"]))["sections"][2])
    assert [column["unit"] for column in actions["columns"]] == ["", "", "s", "", "", ""]
    assert actions["rows"][0]["from"] == 0
    assert actions["rows"][0]["action"]["targetHostId"] == "host-2"
    assert json.loads(json_of(REPORTS["verification"]))["facts"]["safe"] is False


def test_lists_in_cells_are_cut_short_only_where_lists_are_limited() -> None:
    """Without a limit, and in every other format, all that an action waits for is named."""
    table = Table((Column("after", wrap=True),), ((listed(list("abcde"), 3, tuple("abcde")),),))
    stream = io.StringIO()
    write_blocks(Page(stream), [table], limit=50)
    assert "a, b, c and 2 more" in stream.getvalue()
    report = Report(Line(("x",)), (table,))
    for text in (html_of(report), markdown_of(report), _on_terminal(report)):
        assert "a, b, c, d, e" in text


def test_columns_of_the_same_name_are_told_apart() -> None:
    """Policies may call a level as they like."""
    table = Table((Column("moved"), Column("x", key="moved")), ((Cell("1"), Cell("2")),))
    (shown,) = _tables(json.loads(json_of(Report(Line(("x",)), (table,)))))
    assert shown["rows"] == [{"moved": "1", "moved2": "2"}]


def test_hosts_that_say_the_same_are_told_as_one() -> None:
    """Readable at 80 columns, however many there are."""
    stream = io.StringIO()
    page = Page(stream)
    page._console.width = 80
    write_report(page, REPORTS["guest"], limit=50)
    text = stream.getvalue()
    assert max(map(len, text.splitlines())) <= 80
    assert "host-3, host-4, host-5 and 24" in " ".join(text.split())
    assert text.count("too full") == 1


def test_arrows_are_not_cut() -> None:
    """Browsers break after a hyphen; names around an arrow stay text."""
    html = html_of(Report(Line(("<a> -> <b>",)), (Items(("<i>->",)),)))
    assert '&lt;a&gt; <span class="whole">-&gt;</span> &lt;b&gt;' in html
    assert '<li>&lt;i&gt;<span class="whole">-&gt;</span></li>' in html


def test_what_is_counted_only_is_said_in_every_format() -> None:
    """How many rows are not there."""
    report = Report(Line(("x",)), (Table((Column("guest"),), (), noun="guest", left_out=3),))
    for text in (html_of(report), markdown_of(report), _on_terminal(report)):
        assert "... and 3 more guests" in text
    assert next(_tables(json.loads(json_of(report))))["leftOut"] == 3
