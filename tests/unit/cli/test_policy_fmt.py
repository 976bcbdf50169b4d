"""``trimtab policy fmt`` and ``trimtab policy schema``."""

from __future__ import annotations

import json
from pathlib import Path

from tests.support.case_files import TIERS, run

UNTIDY = TIERS.lstrip().replace("kind: Tier", "kind:   Tier")


def test_files_are_rewritten_and_named(tmp_path: Path) -> None:
    """Only those that change; a second run has nothing to do."""
    (tmp_path / "p.yaml").write_text(UNTIDY)
    (tmp_path / "q.yaml").write_text(TIERS.lstrip())
    result = run("policy", "fmt", tmp_path)
    assert (result.code, result.out) == (0, f"{tmp_path / 'p.yaml'}: formatted\n")
    assert (tmp_path / "p.yaml").read_text() == TIERS.lstrip()
    assert (run("policy", "fmt", tmp_path).out, run("policy", "fmt", "--check", tmp_path).code) == ("", 0)


def test_check_changes_nothing(tmp_path: Path) -> None:
    """Exit code 1 and the name of the file."""
    (tmp_path / "p.yaml").write_text(UNTIDY)
    result = run("policy", "fmt", "--check", tmp_path)
    assert (result.code, result.out) == (1, f"{tmp_path / 'p.yaml'}: would be changed\n")
    assert (tmp_path / "p.yaml").read_text() == UNTIDY


def test_one_bad_file_and_nothing_is_changed(tmp_path: Path) -> None:
    """Exit code 2 with the place."""
    (tmp_path / "p.yaml").write_text(UNTIDY)
    (tmp_path / "q.yaml").write_text("a: 1\na: 2\n")
    result = run("policy", "fmt", tmp_path)
    assert result.code == 2
    assert f"{tmp_path / 'q.yaml'}:2:1" in result.err
    assert (tmp_path / "p.yaml").read_text() == UNTIDY


def test_the_schema_is_printed_or_written(tmp_path: Path) -> None:
    """The same text both ways."""
    printed = run("policy", "schema")
    assert json.loads(printed.out)["title"] == "trimtab/v1 policy document"
    assert run("policy", "schema", "-o", tmp_path / "s.json").out == ""
    assert (tmp_path / "s.json").read_text() == printed.out
