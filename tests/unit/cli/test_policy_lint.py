"""``trimtab policy lint``: findings with their place; exit code 2 for errors only."""

from __future__ import annotations

from pathlib import Path

from tests.support import case_files as case
from tests.support.case_files import TIERS, run, written
from trimtab_server.sampling import sample_policy_folder

UNGUARDED = (
    TIERS
    + """---
apiVersion: trimtab/v1
kind: Pin
metadata: {name: pin}
spec:
  select: {cel: vm.labels.zone == 'A'}
  hosts: {ids: [h1]}
"""
)


def test_the_shipped_policy_is_clean() -> None:
    """No errors and no warnings: exit code 0."""
    result = run("policy", "lint", sample_policy_folder())
    assert (result.code, result.err) == (0, "")
    assert result.out.splitlines()[-1] == "14 documents: nothing found"


def test_warnings_are_located_and_no_error(tmp_path: Path) -> None:
    """file:line:column with the folder, severity, rule and fix; exit code 0."""
    (tmp_path / "p.yaml").write_text(UNGUARDED)
    result = run("policy", "lint", tmp_path)
    assert result.code == 0
    first = result.out.splitlines()[0]
    assert first.startswith(f"{tmp_path / 'p.yaml'}:16:")
    assert ": warning: Pin pin: reads vm.labels.zone without a test" in first
    assert "[unguarded-key] (write has(vm.labels.zone) && ..." in first


def test_file_names_may_have_blanks(tmp_path: Path) -> None:
    """Findings and faults name the file as it is called."""
    (tmp_path / "my rules.yaml").write_text(UNGUARDED)
    assert run("policy", "lint", tmp_path).out.startswith(f"{tmp_path / 'my rules.yaml'}:16:")
    (tmp_path / "my rules.yaml").write_text(TIERS.replace("rank: 9", "rnk: 9"))
    assert run("policy", "lint", tmp_path).out.startswith(f"{tmp_path / 'my rules.yaml'}:5:")


def test_a_policy_that_cannot_be_used_is_an_error(tmp_path: Path) -> None:
    """Every fault with its place and fix; exit code 2."""
    (tmp_path / "p.yaml").write_text(TIERS.replace("rank: 9", "rnk: 9").replace("kind: Tier", "kind: Teir", 1))
    (tmp_path / "q.yaml").write_text("a: [")
    result = run("policy", "lint", tmp_path)
    assert result.code == 2
    lines = result.out.splitlines()
    assert any(line.startswith(f"{tmp_path / 'p.yaml'}:3:") and "error: kind: unknown kind" in line for line in lines)
    assert any(line.startswith(f"{tmp_path / 'q.yaml'}:") for line in lines)
    assert lines[-1].endswith("; the policy cannot be used")


def test_a_snapshot_shows_what_the_policy_means_there(tmp_path: Path) -> None:
    """A selector that picks nobody is found only with a cluster at hand."""
    state, rules = written(tmp_path, case.WELL, TIERS + case.CROSSED_PINS)
    assert "b" not in run("policy", "lint", rules).words.split()
    result = run("policy", "lint", rules, "--snapshot", state)
    assert result.code == 0
    assert "[unknown-id]" in result.out


def test_paths_that_are_missing_are_named(tmp_path: Path) -> None:
    """Exit code 2, each of them."""
    result = run("policy", "lint", tmp_path / "one", tmp_path / "two.yaml")
    assert result.code == 2
    assert all(f"{tmp_path / name}: cannot be read" in result.err for name in ("one", "two.yaml"))
