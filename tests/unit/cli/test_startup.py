"""What the command line loads, and what it does as a process."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from tests.support import case_files as case
from tests.support.case_files import run, written
from trimtab_server.sampling import sample_policy_folder

TRIMTAB = Path(sys.executable).with_name("trimtab")
HEAVY = {"ortools", "grpc", "pandas"}

_RUN = """
import sys
from trimtab_server.cli import main
sys.argv = ["trimtab", *{arguments!r}]
try:
    main()
except SystemExit as end:
    assert not end.code, end.code
print("LOADED", *sorted({{name.partition(".")[0] for name in sys.modules}}))
"""


def _loaded(*arguments: str) -> set[str]:
    code = _RUN.format(arguments=list(arguments))
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    last = result.stdout.splitlines()[-1].split()
    assert last[0] == "LOADED"
    return set(last)


@pytest.mark.parametrize(
    "arguments",
    [
        ("--help",),
        ("plan", "--help"),
        ("demo", "--help"),
        ("--version",),
        ("policy", "lint", str(sample_policy_folder())),
    ],
    ids=" ".join,
)
def test_help_and_lint_load_no_solver_and_no_grpc(arguments: tuple[str, ...]) -> None:
    """They answer at once, also where OR-tools takes seconds to load."""
    assert not _loaded(*arguments) & HEAVY


def test_the_console_script_works() -> None:
    """`trimtab --version` prints the version of the package."""
    result = subprocess.run([TRIMTAB, "--version"], capture_output=True, text=True, check=True, timeout=60)
    assert result.stdout == f"trimtab {version('trimtab')}\n"


@pytest.mark.parametrize(
    "command",
    [
        "demo",
        "plan",
        "verify",
        "explain",
        "sample",
        "import",
        "serve",
        "policy",
        "policy lint",
        "policy fmt",
        "policy schema",
        "policy test",
        "policy coverage",
        "policy conflicts",
        "policy diff",
        "policy explain",
        "policy sample",
        "completion",
        "export",
        "warm-up",
    ],
)
def test_every_command_has_help(command: str) -> None:
    """Exit code 0, and words that say what it does."""
    result = run(*command.split(), "--help")
    assert result.code == 0
    assert "sage: trimtab" in result.out


def test_progress_is_for_terminals_only(tmp_path: Path) -> None:
    """Redirected, stderr stays empty and the table has no escape sequences."""
    state, rules = written(tmp_path, case.RESTART)
    command: list[str | Path] = [TRIMTAB, "plan", state, "--policy", rules]
    environment = {name: value for name, value in os.environ.items() if name != "FORCE_COLOR"}
    result = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60, env=environment)
    assert result.stderr == ""
    assert "\x1b" not in result.stdout


def test_progress_shows_value_and_bound_on_a_terminal(tmp_path: Path) -> None:
    """A head, incumbents and the plan itself, on stderr."""
    state, rules = written(tmp_path, case.RESTART)
    read, write = os.openpty()
    process = subprocess.Popen(
        [TRIMTAB, "plan", state, "--policy", rules, "--format", "json"], stdout=subprocess.PIPE, stderr=write
    )
    os.close(write)
    out, _ = process.communicate(timeout=60)
    text = os.read(read, 65536).decode()
    os.close(read)
    assert process.returncode == 0
    assert out.startswith(b"{")
    assert "time engine" in text
    assert "greedy  0/0" in text
    assert "plan    0/0" in text


def test_a_closed_pipe_is_no_traceback(tmp_path: Path) -> None:
    """`trimtab plan ... | head -1` ends quietly."""
    state, rules = written(tmp_path, case.RESTART)
    command = f"'{TRIMTAB}' plan '{state}' --policy '{rules}' --format yaml | head -1"
    result = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=True, timeout=60)
    assert result.stdout == "outcome: OUTCOME_OPTIMAL\n"
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--listen", "0.0.0.0:0"], "listen: 0.0.0.0:0 can be reached from other machines"),
        (["--workers", "none"], "workers (--workers, TRIMTAB_WORKERS) is 'none'"),
        (["--policy", "/does/not/exist"], "/does/not/exist does not exist"),
        (["--frobnicate"], "unrecognized arguments: --frobnicate"),
    ],
)
def test_wrong_settings_of_the_server_are_named(arguments: list[str], message: str) -> None:
    """Exit code 2, before anything starts."""
    result = run("serve", *arguments)
    assert result.code == 2
    assert message in result.err
