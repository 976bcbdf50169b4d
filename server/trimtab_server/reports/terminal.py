"""Reports on a terminal, or wherever plain text goes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from .model import Block, Cell, Digest, HeatMap, Items, Line, Report, Row, Section, Table, Timeline
from .page import Page, style_of
from .quantities import more, some

_DIGITS = 12
"""So much of a digest tells it from others."""
_GROUPED = 3
"""So many are named of a group when lists are limited."""


def write_report(page: Page, report: Report, limit: int | None = None) -> None:
    """The whole report; of every list the first `limit` rows."""
    write_blocks(page, (report.verdict, *report.blocks), limit)
    for section in report.sections:
        if not section.is_drawn:
            write_section(page, section, limit)
    if report.basis:
        page.line()
        write_blocks(page, report.basis, limit)


def write_list(page: Page, report: Report) -> None:
    """The report with its verdict at the end, where it is read when lines are many; headings are lines as well."""
    write_blocks(page, report.blocks)
    for section in report.sections:
        page.raw(section.title)
        write_blocks(page, section.blocks)
    write_blocks(page, (report.verdict, *report.basis))


def write_section(page: Page, section: Section, limit: int | None) -> None:
    """A heading and what is below it."""
    page.title(f"{section.title} ({section.remark})" if section.remark else section.title)
    write_parts(page, section, limit)


def write_parts(page: Page, section: Section, limit: int | None = None) -> None:
    """What is below a heading."""
    write_blocks(page, section.blocks, limit)
    for part in section.sections:
        page.line()
        page.line(part.title, "bold", indent=2)
        write_blocks(page, part.blocks, limit)


def write_blocks(page: Page, blocks: Iterable[Block], limit: int | None = None) -> None:
    """Lines, lists and tables, one below the other; nothing is drawn."""
    for block in blocks:
        match block:
            case Line():
                _write_line(page, block)
            case Items():
                for text in block.texts:
                    page.line(f"- {text}", indent=2)
            case Table():
                _write_table(page, block, limit)
            case HeatMap() | Timeline():
                pass


def _write_line(page: Page, line: Line) -> None:
    text = "".join(part.value[:_DIGITS] if isinstance(part, Digest) else part for part in line.parts)
    if line.is_fixed:
        page.raw(text, style_of(line))
    else:
        page.line(text, style_of(line), line.indent)


def _write_table(page: Page, table: Table, limit: int | None) -> None:
    if table.lines is None:
        _write_columns(page, table, limit)
        return
    for text in table.lines:
        page.raw(text)


def _write_columns(page: Page, table: Table, limit: int | None) -> None:
    kept = [i for i, column in enumerate(table.columns) if not column.needs_room]
    groups = _groups(table, kept)
    shown = groups[:limit] if table.is_list else groups
    rows = [_joined(group, limit) for group in shown]
    if limit is None:
        rows = [tuple(replace(cell, text=cell.whole) for cell in row) for row in rows]
    page.table([table.columns[i] for i in kept], [[row[i] for i in kept] for row in rows])
    hidden = table.left_out + sum(len(group) for group in groups[len(shown) :])
    if hidden:
        page.line(f"... and {more(hidden, table.noun)}", "dim", indent=2)


def _groups(table: Table, kept: Sequence[int]) -> list[list[Row]]:
    if not table.is_grouped:
        return [[row] for row in table.rows]
    groups: dict[tuple[Cell, ...], list[Row]] = {}
    for row in table.rows:
        groups.setdefault(tuple(row[i] for i in kept[1:]), []).append(row)
    return list(groups.values())


def _joined(group: Sequence[Row], limit: int | None) -> Row:
    if len(group) == 1:
        return group[0]
    names = [row[0].text for row in group]
    return (Cell(some(names, len(names) if limit is None else _GROUPED)), *group[0][1:])
