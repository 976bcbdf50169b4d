"""A file or folder where another is wanted: one line says what it is, and exit code 2."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support import case_files as case
from tests.support.case_files import run, written


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    """One of each kind, in a folder of the name that `trimtab sample` gives."""
    state, policy = written(tmp_path, case.RESTART)
    made = {name: tmp_path / name for name in ("plan.json", "plan.pb", "scenarios.yaml")}
    for name in ("plan.json", "plan.pb"):
        assert run("plan", state, "--policy", policy, "-o", made[name]).code == 0
    made["scenarios.yaml"].write_text("scenarios: [{name: quiet}]\n")
    return {**made, "state": state, "rules": policy, "folder": tmp_path}


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (("plan", "plan.json", "--policy", "rules"), "is a plan file, where a snapshot is wanted"),
        (("plan", "plan.pb", "--policy", "rules"), "a snapshot"),
        (("plan", "rules", "--policy", "rules"), "a snapshot is wanted"),
        (("plan", "scenarios.yaml", "--policy", "rules"), "is a policy file by its name, where a snapshot is wanted"),
        (("plan", "state", "--policy", "state"), "is a snapshot, where a policy file is wanted"),
        (("plan", "state", "--policy", "plan.json"), "is a plan file, where a policy file is wanted"),
        (
            ("verify", "state", "--snapshot", "state", "--policy", "rules"),
            "is a snapshot, where a plan file is wanted",
        ),
        (("policy", "lint", "scenarios.yaml"), "is a file of scenarios, where a policy file is wanted"),
        (
            ("policy", "diff", "rules", "rules", "--snapshot", "state", "--scenarios", "state"),
            "is a snapshot, where a file of scenarios is wanted",
        ),
    ],
)
def test_what_a_file_is_instead_is_said(files: dict[str, Path], command: tuple[str, ...], words: str) -> None:
    """Instead of naming each field that it has and should not have."""
    result = run(*[files.get(word, word) for word in command])
    said = result.err or result.out.splitlines()[0] + "\n"
    assert (result.code, said.count("\n")) == (2, 1)
    assert words in said


def test_a_folder_leads_to_the_snapshot_in_it(tmp_path: Path) -> None:
    """As `trimtab sample` writes it."""
    made = tmp_path / "sample"
    assert run("sample", "--hosts", "3", "--vms", "6", "-o", made).code == 0
    result = run("plan", made, "--policy", made / "policy")
    assert (result.code, result.err) == (
        2,
        f"{made}: is a folder, where a snapshot is wanted (name {made / 'snapshot.json'})\n",
    )
