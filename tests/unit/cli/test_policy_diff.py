"""``trimtab policy diff``: what it prints and how it ends."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support import case_files as case
from tests.support.case_files import TIERS, Result, run
from trimtab_server.files import write_snapshot


def compared(
    folder: Path, *arguments: str, new: str = TIERS.replace("rank: 1,", "rank: 2,") + case.CROSSED_PINS
) -> Result:
    """The diff of the two tiers with a changed policy."""
    for name, text in (("old", TIERS), ("new", new)):
        (folder / name).mkdir(exist_ok=True)
        (folder / name / "policy.yaml").write_text(text)
    write_snapshot(folder / "s.json", case.WELL)
    (folder / "scenarios.yaml").write_text("scenarios:\n  - {name: h1 fails, fail: ['host:h1']}\n")
    return run("policy", "diff", folder / "old", folder / "new", *arguments)


@pytest.fixture
def cluster(tmp_path: Path) -> list[str]:
    """Options that name the cluster and a scenario."""
    return ["--snapshot", str(tmp_path / "s.json"), "--scenarios", str(tmp_path / "scenarios.yaml")]


def test_a_table_for_the_terminal(tmp_path: Path) -> None:
    """Documents, each change on a line whatever the width, selections, plans."""
    result = compared(tmp_path, "--snapshot", str(tmp_path / "s.json"))
    assert result.code == 0
    assert result.out.startswith("Differences: 3 documents, ")
    lines = [line.split() for line in result.out.splitlines()]
    assert "policy.yaml:12:1: Pin a-on-h2 added" in result.out.splitlines()
    assert "policy.yaml:7:1: Tier low changed: spec.rank 1 -> 2" in result.out.splitlines()
    assert ["a-on-h2", "spec.select", "a"] in lines
    assert "Plan, as it is\nNO_ACTION_NEEDED -> OPTIMAL\n" in result.out
    assert ["more", "MIGRATE_LIVE", "a", "on", "h1", "to", "h2"] in lines


def test_markdown_for_a_pull_request(tmp_path: Path, cluster: list[str]) -> None:
    """Tables, and a part per scenario."""
    result = compared(tmp_path, *cluster, "--format", "markdown")
    assert "| Tier low | policy.yaml:7:1 | changed | spec.rank | 1 | 2 |\n" in result.out
    assert "| a-on-h2 | spec.hosts | h2 |  |\n" in result.out
    assert "## Plan, h1 fails\n\nthe same plan\n" in result.out


def test_json_for_programs(tmp_path: Path, cluster: list[str]) -> None:
    """Everything as data."""
    report = json.loads(compared(tmp_path, *cluster, "--format", "json").out)
    assert [change["name"] for change in report["documents"]] == ["a-on-h2", "b-on-h1", "low"]
    assert report["plans"][0]["same"] is True


def test_a_file_for_a_browser(tmp_path: Path, cluster: list[str]) -> None:
    """Documents with old and new values, selections, and what becomes of each scenario."""
    page = compared(tmp_path, *cluster, "--format", "html").out
    assert page.startswith("<!DOCTYPE html>")
    for cell in ("Tier low", "spec.rank", "1", "2", "a-on-h2", "spec.hosts", "h2"):
        assert f">{cell}</td>" in page
    assert "<h2>Plan, h1 fails</h2>" in page
    assert "the same plan" in page


def test_no_differences(tmp_path: Path) -> None:
    """The verdict, and what was compared; with --exit-code a difference is exit code 1."""
    assert compared(tmp_path, new=TIERS).out.startswith("No differences\n\nFrom policy ")
    assert compared(tmp_path, "--exit-code", new=TIERS).code == 0
    assert compared(tmp_path, "--exit-code").code == 1


def test_scenarios_need_a_cluster(tmp_path: Path) -> None:
    """Exit code 2."""
    result = compared(tmp_path, "--scenarios", str(tmp_path / "scenarios.yaml"))
    assert (result.code, result.err) == (2, "--scenarios needs --snapshot: scenarios happen to a cluster\n")
