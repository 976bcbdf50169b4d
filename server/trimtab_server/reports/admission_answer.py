"""The report of whether a change may be made."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from .model import Cell, Column, Line, Report, Row, Section, Table, Tone, line
from .quantities import plural, some
from .survivability import lost_cell

if TYPE_CHECKING:
    from trimtab_solver.what_if.admission import ChangeAdmission
    from trimtab_solver.what_if.promise import BrokenPromise

_NAMED = 8
"""So many guests or hosts are named in words before they are only counted; programs are told of all."""

_ANSWERS = {
    "YES": ("Yes: the change can be made and the promise kept, by verified plans", Tone.GOOD),
    "NO": ("No", Tone.BAD),
    "NOT_SHOWN": ("Not shown: no plan was found that keeps the promise, nor is it proven that there is none", Tone.BAD),
}


def admission_answer_report(found: ChangeAdmission) -> Report:
    """Yes or no, what the change costs by itself, and what is lost in which scenario after it."""
    text, tone = _ANSWERS[found.answer.value]
    sections = []
    if found.broken:
        remark = "as the plan for the change leaves the cluster; another plan for it might do better"
        sections.append(Section("The promise is broken", (broken_table(found.broken),), remark))
    if found.broken_before:
        sections.append(Section("Broken without the change", (broken_table(found.broken_before),)))
    facts = {
        "answer": found.answer.value,
        "lost": dict(found.lost),
        "notStarted": found.not_started,
        "notEmptied": found.not_emptied,
        "broken": len(found.broken),
        "newlyBroken": len(found.newly_broken),
        "brokenBefore": len(found.broken_before),
    }
    return Report(line(text, tone=tone, is_strong=True), tuple(_lines(found)), tuple(sections), facts=facts)


def _lines(found: ChangeAdmission) -> Iterator[Line]:
    for fault in found.change.refused:
        yield line(f"The cluster is refused after the change: {fault}")
    if found.lost:
        yield line(f"The change itself takes down {lost_cell(found.lost).text} for good.", tone=Tone.BAD)
    if found.not_started:
        number = plural(len(found.not_started), "guest")
        yield line(f"{number} that it adds cannot be started: {some(found.not_started, _NAMED)}.", tone=Tone.BAD)
    if found.not_emptied:
        yield line(f"Not emptied: {some(found.not_emptied, _NAMED)}.", tone=Tone.BAD)
    if found.broken and not found.newly_broken:
        yield line("Whatever is lost after the change is lost without it as well.")


def broken_table(broken: Sequence[BrokenPromise]) -> Table:
    """The scenarios in which a promise is not kept."""
    columns = (Column("scenario", wrap=True), Column("lost", wrap=True), Column("shown", wrap=True))
    return Table(columns, tuple(map(_row, broken)), is_list=True, noun="scenario", name="broken")


def _row(broken: BrokenPromise) -> Row:
    if not broken.lost:
        unknown = Cell("not known", Tone.DOUBTFUL, value=None)
        return Cell(broken.scenario), unknown, Cell(broken.why, value="NONE")
    text = "proven: no plan keeps the promise" if broken.is_proven else "by the plan found"
    return Cell(broken.scenario), lost_cell(broken.lost), Cell(text, value=broken.basis.value)
