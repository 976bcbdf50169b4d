"""Reports of what tests show of a policy."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

from .json_text import json_text
from .model import Line, Report, fixed
from .places import located

if TYPE_CHECKING:
    from trimtab_solver.review.coverage import Coverage
    from trimtab_solver.review.testing import CaseResult


def coverage_report(coverage: Coverage, results: Sequence[CaseResult], folder: Path | None) -> Report:
    """Every rule and right with what is shown of it, marked + or -."""
    shown = sum(one.is_shown for one in coverage.items)
    verdict = f"{shown} of {len(coverage.items)} shown ({coverage.percent:.1f} %)"
    failed = sum(not result.passed for result in results)
    remark = f"{failed} of {len(results)} cases failed and show nothing; run: trimtab policy test"
    return Report(fixed(verdict), tuple(_lines(coverage, folder)), basis=(fixed(remark),) if failed else ())


def _lines(coverage: Coverage, folder: Path | None) -> list[Line]:
    lines = []
    for (source, rule, path), group in groupby(
        coverage.items, key=lambda one: (one.source, one.item.rule, one.item.path)
    ):
        marks = " ".join(f"{'+' if one.is_shown else '-'}{one.item.point}" for one in group)
        field = "" if path == "spec" else f" {path}"
        lines.append(fixed(f"{located(str(source), folder)}: {rule}{field}: {marks}"))
    return lines


def coverage_json(coverage: Coverage, folder: Path | None) -> str:
    """Every thing to cover with its place."""
    report = {
        "percent": round(coverage.percent, 2),
        "items": [
            {
                "rule": one.item.rule,
                "field": one.item.path,
                "point": one.item.point.value,
                "file": located(one.source.file, folder),
                "line": one.source.line,
                "shownBy": one.shown_by,
            }
            for one in coverage.items
        ],
    }
    return json_text(report)
