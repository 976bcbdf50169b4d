"""Completion in a real bash at a terminal, and what the scripts of the other shells are answered."""

from __future__ import annotations

import os
import pty
import select
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.processes import PATIENCE_S, TRIMTAB, trimtab

_INTERRUPT = b"\x15"
"""Control-U: forgets the line that has been typed."""


class Terminal:
    """An interactive bash without anybody's settings."""

    def __init__(self, folder: Path) -> None:
        self._mine, theirs = pty.openpty()
        self._process = subprocess.Popen(
            ["bash", "--norc", "--noprofile", "-i"],
            cwd=folder,
            env=os.environ
            | {"PATH": f"{TRIMTAB.parent}:{os.environ['PATH']}", "TERM": "dumb", "PS1": "$ ", "HOME": str(folder)},
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
        )
        os.close(theirs)
        self.type("bind 'set bell-style none'\n")

    def type(self, text: str) -> None:
        """Press keys."""
        os.write(self._mine, text.encode())

    def forget(self) -> None:
        """Begin a new line."""
        os.write(self._mine, _INTERRUPT)

    def wait_for(self, text: str) -> str:
        """What is shown until `text` is."""
        shown, end = "", time.monotonic() + PATIENCE_S
        while text not in shown and time.monotonic() < end:
            if select.select([self._mine], [], [], 0.5)[0]:
                shown += os.read(self._mine, 65536).decode(errors="replace")
        assert text in shown, shown
        return shown

    def close(self) -> None:
        """End it."""
        self._process.kill()
        self._process.wait()
        os.close(self._mine)


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Terminal]:
    """A bash with the script of trimtab, in a folder with a snapshot."""
    (tmp_path / "cluster-of-mine.json").write_text("{}")
    opened = Terminal(tmp_path)
    try:
        opened.type('eval "$(trimtab completion bash)"; echo re""ady\n')
        opened.wait_for("ready")
        yield opened
    finally:
        opened.close()


def test_bash_completes_commands_options_values_and_files(terminal: Terminal) -> None:
    """Each as soon as the key is pressed."""
    for typed, rest in (
        ("trimtab pl", "an "),
        ("trimtab policy cov", "erage "),
        ("trimtab plan --dead", "line "),
        ("trimtab plan x --format mark", "down "),
        ("trimtab policy sample proxmox", "-shop "),
        ("trimtab plan clu", "ster-of-mine.json "),
    ):
        terminal.type(f"{typed}\t")
        terminal.wait_for(typed + rest)
        terminal.forget()


@pytest.mark.parametrize(
    ("shell", "asked", "answer"),
    [
        ("zsh", {"_TYPER_COMPLETE_ARGS": "trimtab pl"}, '"plan"'),
        ("fish", {"_TYPER_COMPLETE_ARGS": "trimtab pl", "_TYPER_COMPLETE_FISH_ACTION": "get-args"}, "plan\t"),
    ],
)
def test_other_shells_are_answered(shell: str, asked: dict[str, str], answer: str) -> None:
    """The script asks with the variables that the answer needs."""
    script = trimtab("completion", shell).out
    assert all(name in script for name in (*asked, f"complete_{shell}", "_TRIMTAB_COMPLETE"))
    done = subprocess.run(
        [TRIMTAB],
        env=os.environ | asked | {"_TRIMTAB_COMPLETE": f"complete_{shell}"},
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert answer in done.stdout, done


def test_an_unknown_shell_is_refused() -> None:
    """With those that there are."""
    done = trimtab("completion", "tcsh")
    assert done.code == 2
    assert "'bash', 'zsh', 'fish'" in done.err
