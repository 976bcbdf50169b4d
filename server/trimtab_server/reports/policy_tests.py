"""Reports of policy tests: for people, and for machines as JSON and JUnit XML."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from .json_report import records_of
from .json_text import json_text
from .model import Cell, Column, Report, Row, Table, Tone, Value, cells, fixed
from .places import PLACE, located, place_cells
from .quantities import plural
from .safe_text import clean

if TYPE_CHECKING:
    from trimtab_solver.review.testing import CaseResult, Failure


def results_report(results: Sequence[CaseResult], folder: Path | None, *, passing: bool) -> Report:
    """Every case that failed, and why; those that passed too if `passing`."""
    counts = _counts(results)
    verdict = f"{plural(len(results), 'case')}: {counts['passed']} passed, {counts['failed']} failed"
    shown = [result for result in results if passing or not result.passed]
    tone = Tone.BAD if counts["failed"] else Tone.GOOD
    return Report(fixed(verdict, tone), (case_table(shown, folder),) if shown else (), facts=counts)


def case_table(results: Sequence[CaseResult], folder: Path | None) -> Table:
    """What came of each case."""
    outcome = (Column("result", key="passed"), Column("why", wrap=True, key="failures"))
    columns = (Column("test"), Column("case"), *PLACE, *outcome)
    lines = tuple(text for result in results for text in _lines(result, folder))
    return Table(columns, tuple(_row(result, folder) for result in results), name="cases", lines=lines)


def _counts(results: Sequence[CaseResult]) -> dict[str, Value]:
    passed = sum(result.passed for result in results)
    return {"passed": passed, "failed": len(results) - passed}


def _row(result: CaseResult, folder: Path | None) -> Row:
    outcome = ("passed", Tone.GOOD) if result.passed else ("FAILED", Tone.BAD)
    failures = tuple(map(_failure_value, result.failures))
    return (
        *cells(result.test, result.name),
        *place_cells(result.source, folder),
        Cell(*outcome, value=result.passed),
        Cell("; ".join(_why(result, folder)), value=failures),
    )


def _failure_value(failure: Failure) -> dict[str, Value]:
    return {"field": failure.field, "line": failure.source.line, "message": failure.message}


def _lines(result: CaseResult, folder: Path | None) -> list[str]:
    if result.passed:
        return [f"ok    {result.test}: {result.name}"]
    return [f"FAIL  {result.test}: {result.name}", *(f"      {why}" for why in _why(result, folder))]


def _why(result: CaseResult, folder: Path | None) -> list[str]:
    return [f"{located(str(one.source), folder)}: {one.field}: {one.message}" for one in result.failures]


def results_json(results: Sequence[CaseResult], digest: str, folder: Path | None) -> str:
    """The results; equal runs give equal text."""
    return json_text({"policyDigest": digest, **_counts(results), "cases": records_of(case_table(results, folder))})


def junit_text(results: Sequence[CaseResult], seconds: Sequence[float], folder: Path | None) -> str:
    """The results as JUnit XML: one suite per test document."""
    root = ET.Element("testsuites", name="trimtab policy test")
    suites: dict[str, ET.Element] = {}
    for result, duration in zip(results, seconds, strict=True):
        suite = suites.get(result.test)
        if suite is None:
            suite = suites[result.test] = ET.SubElement(root, "testsuite", name=result.test, tests="0", failures="0")
        suite.set("tests", str(int(suite.get("tests", "0")) + 1))
        case = ET.SubElement(
            suite,
            "testcase",
            classname=result.test,
            name=clean(result.name),
            file=located(result.source.file, folder),
            line=str(result.source.line),
            time=f"{duration:.3f}",
        )
        if not result.passed:
            suite.set("failures", str(int(suite.get("failures", "0")) + 1))
            failure = ET.SubElement(case, "failure", message=clean(result.failures[0].message))
            failure.text = clean("\n".join(_why(result, folder)))
    ET.indent(root)
    return ET.tostring(root, encoding="unicode", xml_declaration=True) + "\n"
