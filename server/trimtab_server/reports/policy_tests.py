"""Reports of policy tests: for people, and for machines as JSON and JUnit XML."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

from .json_text import json_text
from .model import Line, Report, Tone, fixed
from .places import located
from .quantities import plural
from .safe_text import clean

if TYPE_CHECKING:
    from trimtab_solver.review.testing import CaseResult


def results_report(results: Sequence[CaseResult], folder: Path | None, *, passing: bool) -> Report:
    """Every case that failed, and why; those that passed too if `passing`."""
    failed = sum(not result.passed for result in results)
    verdict = f"{plural(len(results), 'case')}: {len(results) - failed} passed, {failed} failed"
    lines = [line for result in results if passing or not result.passed for line in _lines(result, folder)]
    return Report(Line((verdict,), Tone.BAD if failed else Tone.GOOD, is_fixed=True), tuple(lines))


def _lines(result: CaseResult, folder: Path | None) -> list[Line]:
    if result.passed:
        return [fixed(f"ok    {result.test}: {result.name}")]
    why = [f"      {located(str(one.source), folder)}: {one.field}: {one.message}" for one in result.failures]
    return [fixed(text) for text in (f"FAIL  {result.test}: {result.name}", *why)]


def results_json(results: Sequence[CaseResult], digest: str, folder: Path | None) -> str:
    """The results; equal runs give equal text."""
    report = {
        "policyDigest": digest,
        "passed": sum(result.passed for result in results),
        "failed": sum(not result.passed for result in results),
        "cases": [_case(result, folder) for result in results],
    }
    return json_text(report)


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
            lines = [f"{located(str(f.source), folder)}: {f.field}: {f.message}" for f in result.failures]
            failure = ET.SubElement(case, "failure", message=clean(result.failures[0].message))
            failure.text = clean("\n".join(lines))
    ET.indent(root)
    return ET.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def _case(result: CaseResult, folder: Path | None) -> dict[str, Any]:
    return {
        "test": result.test,
        "case": result.name,
        "file": located(result.source.file, folder),
        "line": result.source.line,
        "passed": result.passed,
        "failures": [
            {"field": failure.field, "line": failure.source.line, "message": failure.message}
            for failure in result.failures
        ],
    }
