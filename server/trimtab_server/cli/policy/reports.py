"""Reports of policy tests and their coverage for machines: JSON and JUnit XML."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

from ..safe_text import clean
from .places import located

if TYPE_CHECKING:
    from trimtab_solver.review.coverage import Coverage
    from trimtab_solver.review.testing import CaseResult


def results_json(results: Sequence[CaseResult], digest: str, folder: Path | None) -> str:
    """The results; equal runs give equal text."""
    report = {
        "policyDigest": digest,
        "passed": sum(result.passed for result in results),
        "failed": sum(not result.passed for result in results),
        "cases": [_case(result, folder) for result in results],
    }
    return _json(report)


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
    return _json(report)


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


def _json(report: dict[str, Any]) -> str:
    return json.dumps(report, indent=2, ensure_ascii=False) + "\n"
