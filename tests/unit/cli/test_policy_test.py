"""``trimtab policy test`` and ``trimtab policy coverage``: what they print and how they end."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from tests.support import case_files as case
from tests.support.case_files import TIERS, run
from trimtab_server.files import write_snapshot

GOOD = """---
apiVersion: trimtab/v1
kind: PolicyTest
metadata: {name: rights}
spec:
  fixtures: {hosts: {h: {}}, vms: {a: {tier: low, host: h}, b: {tier: top, host: h}}}
  cases:
    - {name: no failure no right, expect: {evictable: []}}
    - {name: one failure suffices, hardwareFailures: 1, expect: {evictable: [a]}}
"""
BAD = GOOD + "    - {name: never the top, hardwareFailures: 9, expect: {evictable: [b]}}\n"


def _folder(path: Path, tests: str) -> Path:
    (path / "rules.yaml").write_text(TIERS)
    (path / "test.yaml").write_text(tests.removeprefix("---\n"))
    return path


def test_passing_tests_end_well(tmp_path: Path) -> None:
    """Exit code 0 and one line; with -v one per case."""
    folder = _folder(tmp_path, GOOD)
    result = run("policy", "test", folder)
    assert (result.code, result.out) == (0, "2 cases: 2 passed, 0 failed\n")
    assert "ok    rights: one failure suffices\n" in run("policy", "test", folder, "-v").out


def test_failures_are_located(tmp_path: Path) -> None:
    """Exit code 4; file:line:column, field, expected and found."""
    result = run("policy", "test", _folder(tmp_path, BAD))
    assert result.code == 4
    place = f"{tmp_path / 'test.yaml'}:9:59"
    assert f"FAIL  rights: never the top\n      {place}: expect.evictable: expected b; found a\n" in result.out
    assert result.out.endswith("3 cases: 2 passed, 1 failed\n")


def test_json_is_for_programs(tmp_path: Path) -> None:
    """Counts, digest, every case with its failures; the same text every time."""
    folder = _folder(tmp_path, BAD)
    result = run("policy", "test", folder, "--format", "json")
    report = json.loads(result.out)
    assert (result.code, report["passed"], report["failed"]) == (4, 2, 1)
    assert report["cases"][2]["failures"] == [
        {"field": "expect.evictable", "line": 9, "message": "expected b; found a"}
    ]
    assert run("policy", "test", folder, "--format", "json").out == result.out


def test_junit_is_for_build_servers(tmp_path: Path) -> None:
    """One suite per test document; a failure holds the place and the message."""
    root = ET.fromstring(run("policy", "test", _folder(tmp_path, BAD), "--format", "junit").out)
    (suite,) = root
    assert (suite.get("name"), suite.get("tests"), suite.get("failures")) == ("rights", "3", "1")
    (failure,) = suite.iter("failure")
    assert "test.yaml:9:59: expect.evictable: expected b; found a" in (failure.text or "")


def test_only_some_cases(tmp_path: Path) -> None:
    """By a part of the name of test or case."""
    folder = _folder(tmp_path, BAD)
    assert run("policy", "test", folder, "--only", "no failure").out == "1 case: 1 passed, 0 failed\n"
    result = run("policy", "test", folder, "--only", "nothing like it")
    assert (result.code, result.err) == (2, 'no case has "nothing like it" in its name\n')


def test_a_policy_without_tests_is_told_so(tmp_path: Path) -> None:
    """Exit code 2: a build that tests nothing must not be green."""
    (tmp_path / "rules.yaml").write_text(TIERS)
    result = run("policy", "test", tmp_path)
    assert result.code == 2
    assert "holds no PolicyTest" in result.err


def test_a_snapshot_file_is_found_beside_the_test(tmp_path: Path) -> None:
    """Relative to the file that names it."""
    test = "apiVersion: trimtab/v1\nkind: PolicyTest\nmetadata: {name: t}\nspec:\n  snapshot: s.json\n  cases:\n"
    test += "    - {name: a restarts, fail: ['host:h1'], expect: {plan: {endsOn: {a: {ids: [h2]}}}}}\n"
    folder = _folder(tmp_path, GOOD)
    (folder / "tests").mkdir()
    (folder / "tests" / "t.yaml").write_text(test)
    write_snapshot(folder / "tests" / "s.json", case.WELL)
    assert run("policy", "test", folder, "--only", "a restarts").code == 0


def test_coverage_is_reported_per_line(tmp_path: Path) -> None:
    """Exit code 0, or 4 below what is asked for."""
    folder = _folder(tmp_path, GOOD)
    result = run("policy", "coverage", folder)
    assert result.code == 0
    assert f"{tmp_path / 'rules.yaml'}:10:31: low spec.evict.when: +granted +withheld\n" in result.out
    assert result.out.endswith("4 of 4 shown (100.0 %)\n")
    assert run("policy", "coverage", folder, "--fail-under", "100").code == 0
    report = json.loads(run("policy", "coverage", folder, "--format", "json").out)
    assert (report["percent"], report["items"][0]["shownBy"]) == (100.0, "rights: no failure no right")


@pytest.mark.parametrize("tests", [BAD, "\n".join(GOOD.splitlines()[:-1]) + "\n"], ids=["failed", "missing"])
def test_too_little_coverage_fails(tmp_path: Path, tests: str) -> None:
    """Be it that a case fails, be it that none shows the right granted."""
    assert run("policy", "coverage", _folder(tmp_path, tests), "--fail-under", "100").code == 4
