"""Reports as Markdown, for tickets and chat."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from .model import Block, Digest, HeatMap, Items, Line, Report, Section, Table, Timeline
from .quantities import more
from .safe_text import clean

_SPECIAL = re.compile(r"[\\`*_\[\]<>&|~@#]|:(?=//)")
"""What Markdown, HTML in Markdown, a link or a mention in a chat could be made of."""


def markdown_of(report: Report) -> str:
    """The whole report, every row; without what can only be drawn."""
    lines = [f"# {_text(report.verdict)}", ""]
    lines += _blocks(report.blocks)
    for section in report.sections:
        if not section.is_drawn:
            lines += _section(section, 2)
    lines += _blocks(report.basis)
    return "\n".join(lines).rstrip("\n") + "\n"


def escape(text: str) -> str:
    """The text such that Markdown shows it as it is."""
    return _SPECIAL.sub(r"\\\g<0>", clean(text))


def _section(section: Section, depth: int) -> Iterator[str]:
    yield from (f"{'#' * depth} {escape(section.title)}", "")
    if section.remark:
        yield from (f"{escape(section.remark[0].upper() + section.remark[1:])}.", "")
    yield from _blocks(section.blocks)
    for part in section.sections:
        yield from _section(part, depth + 1)


def _blocks(blocks: Iterable[Block]) -> Iterator[str]:
    for block in blocks:
        match block:
            case Line():
                yield _text(block)
            case Items():
                yield from (f"* {escape(text)}" for text in block.texts)
            case Table():
                yield from _table(block)
            case HeatMap() | Timeline():
                pass
        yield ""


def _text(line: Line) -> str:
    return "".join(f"`{escape(part.value)}`" if isinstance(part, Digest) else escape(part) for part in line.parts)


def _table(table: Table) -> Iterator[str]:
    yield f"| {' | '.join(escape(column.title) for column in table.columns)} |"
    yield f"|{' --- |' * len(table.columns)}"
    for row in table.rows:
        yield f"| {' | '.join(escape(cell.whole) for cell in row)} |"
    if table.left_out:
        yield from ("", f"... and {more(table.left_out, table.noun)}")
