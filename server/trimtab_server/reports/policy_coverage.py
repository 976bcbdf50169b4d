"""Reports of what tests show of a policy."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

from .json_report import records_of
from .json_text import json_text
from .model import Cell, Column, Report, Row, Table, Tone, cells, fixed
from .places import PLACE, located, place_cells

if TYPE_CHECKING:
    from trimtab_solver.review.coverage import Coverage, Covered
    from trimtab_solver.review.testing import CaseResult


def coverage_report(coverage: Coverage, results: Sequence[CaseResult], folder: Path | None) -> Report:
    """Every rule and right with what is shown of it, on a terminal marked + or -."""
    shown = sum(one.is_shown for one in coverage.items)
    verdict = f"{shown} of {len(coverage.items)} shown ({coverage.percent:.1f} %)"
    failed = sum(not result.passed for result in results)
    remark = f"{failed} of {len(results)} cases failed and show nothing; run: trimtab policy test"
    return Report(
        fixed(verdict),
        (coverage_table(coverage, folder),) if coverage.items else (),
        basis=(fixed(remark, Tone.BAD),) if failed else (),
        facts={"percent": round(coverage.percent, 2), "shown": shown, "failedCases": failed},
    )


def coverage_table(coverage: Coverage, folder: Path | None) -> Table:
    """What there is to show, where it stands, and the case that shows it."""
    columns = (Column("rule"), Column("field"), Column("point"), *PLACE, Column("shown by", wrap=True))
    rows = tuple(_row(one, folder) for one in coverage.items)
    return Table(columns, rows, name="items", lines=tuple(_lines(coverage, folder)))


def _row(one: Covered, folder: Path | None) -> Row:
    shown_by = Cell(one.shown_by, Tone.GOOD) if one.is_shown else Cell("not shown", Tone.BAD, value="")
    named = cells(one.item.rule, one.item.path, one.item.point.value)
    return (*named, *place_cells(one.source, folder), shown_by)


def _lines(coverage: Coverage, folder: Path | None) -> Iterator[str]:
    for (source, rule, path), group in groupby(
        coverage.items, key=lambda one: (one.source, one.item.rule, one.item.path)
    ):
        marks = " ".join(f"{'+' if one.is_shown else '-'}{one.item.point}" for one in group)
        field = "" if path == "spec" else f" {path}"
        yield f"{located(str(source), folder)}: {rule}{field}: {marks}"


def coverage_json(coverage: Coverage, folder: Path | None) -> str:
    """Every thing to cover with its place."""
    return json_text({"percent": round(coverage.percent, 2), "items": records_of(coverage_table(coverage, folder))})
