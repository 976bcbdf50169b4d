"""``trimtab policy diff --git``: a folder at a revision of a real repository, compared with now or with another one."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests.support.case_files import TIERS, run

CHANGED = TIERS.replace("rank: 1,", "rank: 2,")


def _git(folder: Path, *arguments: str) -> None:
    identity = ("-c", "user.name=a", "-c", "user.email=a@b.example", "-c", "init.defaultBranch=main")
    subprocess.run(["git", *identity, *arguments], cwd=folder, check=True, capture_output=True)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A policy folder in a repository: v1 has rank 1, v2 rank 2, and now a file more lies in it."""
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    policies = tmp_path / "repository" / "of policies"
    (policies / ".hidden").mkdir(parents=True)
    (policies / ".hidden" / "broken.yaml").write_text("{")
    (policies / "notes.txt").write_text("{")
    _git(tmp_path / "repository", "init")
    for text, tag in ((TIERS, "v1"), (CHANGED, "v2")):
        (policies / "tiers.yaml").write_text(text)
        _git(tmp_path / "repository", "add", "-A")
        _git(tmp_path / "repository", "commit", "-m", tag)
        _git(tmp_path / "repository", "tag", tag)
    return policies


def test_a_revision_is_compared_with_now(folder: Path) -> None:
    """The working tree, committed or not; a single file as well as a folder."""
    assert run("policy", "diff", folder, "--git", "v2").out.startswith("No differences\n")
    (folder / "tiers.yaml").write_text(CHANGED.replace("rank: 2,", "rank: 3,"))
    for path in (folder, folder / "tiers.yaml"):
        result = run("policy", "diff", path, "--git", "v1", "--exit-code")
        assert result.code == 1
        assert "spec.rank 1 -> 3" in " ".join(result.out.split())


def test_two_revisions_are_compared_whatever_is_there_now(folder: Path) -> None:
    """Also when the folder is gone; a side that is left out is HEAD."""
    (folder / "tiers.yaml").unlink()
    for path in (folder, folder / "tiers.yaml"):
        for revisions in ("v1..v2", "v1.."):
            out = run("policy", "diff", path, "--git", revisions).out
            assert "spec.rank 1 -> 2" in " ".join(out.split())


@pytest.mark.parametrize(
    ("revision", "words"),
    [
        ("v3", '"v3" is no revision of the repository in '),
        ("--all", '"--all" is no revision of the repository in '),
        ("v1...v2", "write v1..v2 with two dots"),
    ],
)
def test_a_revision_that_is_not_there_is_named(folder: Path, revision: str, words: str) -> None:
    """Exit code 2, one line."""
    result = run("policy", "diff", folder, f"--git={revision}")
    assert (result.code, result.err.count("\n")) == (2, 1)
    assert words in result.err


def test_a_policy_that_was_wrong_then_is_told_from_the_one_of_now(folder: Path) -> None:
    """The fault names the revision."""
    (folder / "tiers.yaml").write_text("{")
    _git(folder, "commit", "-a", "-m", "broken")
    (folder / "tiers.yaml").write_text(TIERS)
    result = run("policy", "diff", folder, "--git", "HEAD")
    assert (result.code, result.err.partition(": ")[0]) == (2, "at HEAD")


def test_what_git_needs_is_said(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A repository, files at the revision, one folder, and git itself."""
    outside = tmp_path / "outside"
    outside.mkdir()
    assert "needs a Git repository" in run("policy", "diff", outside, "--git", "v1").err
    assert "is not there at v1" in run("policy", "diff", folder / "more", "--git", "v1").err
    assert "name one" in run("policy", "diff", folder, folder, "--git", "v1").err
    assert "name two folders" in run("policy", "diff", folder).err
    monkeypatch.setenv("PATH", str(outside))
    result = run("policy", "diff", folder, "--git", "v1")
    assert (result.code, result.err) == (2, "--git needs git, which is not installed here (or not on the PATH)\n")
