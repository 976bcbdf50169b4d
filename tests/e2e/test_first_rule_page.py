"""The page for a new policy author, walked as written: every file, every change, every command and its output."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.support.case_files import run

PAGE = Path(__file__).parents[2] / "docs" / "policy" / "first-rule.md"
_STEP = re.compile(
    r"<!-- (?P<verb>file|append|edit): (?P<path>\S+) -->\n```\w+\n(?P<text>.*?)```|```console\n(?P<session>.*?)```",
    re.DOTALL,
)


def test_the_page_can_be_followed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every command prints exactly what the page shows, in a folder that begins empty."""
    monkeypatch.chdir(tmp_path)
    commands = 0
    for step in _STEP.finditer(PAGE.read_text(encoding="utf-8")):
        if session := step["session"]:
            command, _, output = session.partition("\n")
            assert run(*command.removeprefix("$ trimtab ").split()).out == output, command
            commands += 1
            continue
        path = Path(step["path"])
        path.parent.mkdir(exist_ok=True)
        if step["verb"] == "file":
            path.write_text(step["text"])
        elif step["verb"] == "append":
            path.write_text(path.read_text() + step["text"])
        else:
            _change(path, step["text"])
    assert commands >= 6


def _change(path: Path, diff: str) -> None:
    """Replaces the line that begins with - by the one that begins with +."""
    old, new = (next(line[1:] for line in diff.splitlines() if line[0] == sign) for sign in "-+")
    text = path.read_text()
    assert text.count(f"{old}\n") == 1, old
    path.write_text(text.replace(f"{old}\n", f"{new}\n"))
