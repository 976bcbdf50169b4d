"""``trimtab plan`` as a process: pipes at both ends, and Ctrl-C."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.e2e.processes import PATIENCE_S, TRIMTAB, started, trimtab


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cluster that no engine proves anything about in the time a test has."""
    folder = tmp_path_factory.mktemp("cluster")
    done = trimtab("sample", "--hosts", "60", "--vms", "700", "--load", "1.02", "--fail", "host:h0001", "-o", folder)
    assert done.code == 0, done.err
    return folder


def test_the_first_ctrl_c_ends_the_search_and_not_the_command(cluster: Path, tmp_path: Path) -> None:
    """The best verified plan is written and printed; one line says what happens."""
    plan = tmp_path / "plan.json"
    with _planning(cluster, "-o", plan) as (process, said):
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate(timeout=PATIENCE_S)
        assert process.returncode in (0, 1)
        assert "Ending the search with the best verified plan" in said()
    assert "Verified by replay." in out
    verified = trimtab("verify", plan, "--snapshot", cluster / "snapshot.json", "--policy", cluster / "policy")
    assert verified.code == 0, verified.out


def test_the_second_ctrl_c_ends_the_command(cluster: Path) -> None:
    """Whatever it was doing: exit code 130, and no plan; unless the search has ended just then."""
    with _planning(cluster) as (process, said):
        process.send_signal(signal.SIGINT)
        heard = said("Ctrl-C again")
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate(timeout=PATIENCE_S)
        heard += said()
    assert process.returncode == 130 or "Verified by replay." in out
    assert process.returncode != 130 or (heard.rstrip().endswith("interrupted") and out == "")


@contextlib.contextmanager
def _planning(cluster: Path, *arguments: str | Path) -> Iterator[tuple[subprocess.Popen[str], Callable[..., str]]]:
    """A plan in the making, at a terminal, once engines report; and what it says there, up to some words or its end."""
    ours, theirs = os.openpty()
    command: list[str | Path] = [
        TRIMTAB,
        "plan",
        cluster / "snapshot.json",
        "--policy",
        cluster / "policy",
        "--deadline",
        "10m",
    ]
    process = subprocess.Popen([*command, *arguments], stdout=subprocess.PIPE, stderr=theirs, text=True)
    os.close(theirs)

    def said(words: str = "") -> str:
        heard = ""
        while not words or words not in heard:
            try:
                heard += os.read(ours, 4096).decode()
            except OSError:  # nobody is left at the other end
                break
        return heard

    try:
        assert "greedy" in said("greedy")
        yield process, said
    finally:
        process.kill()
        process.communicate()
        os.close(ours)


def test_plans_travel_through_pipes(cluster: Path) -> None:
    """Snapshot from standard input, plan to standard output, and from there into the verifier."""
    command = (
        f"'{TRIMTAB}' plan - --policy '{cluster}/policy' --deadline 1s -o - < '{cluster}/snapshot.json'"
        f" | '{TRIMTAB}' verify - --snapshot '{cluster}/snapshot.json' --policy '{cluster}/policy'"
    )
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=PATIENCE_S, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("SAFE")


def test_ctrl_c_while_modules_load_ends_the_command(cluster: Path) -> None:
    """No library sees it, so none can swallow it or break: exit code 130 and one word, unless it searches by then."""
    arguments = ("plan", cluster / "snapshot.json", "--policy", cluster / "policy", "--deadline", "2s")
    with started(*arguments) as process:
        while "site-packages/numpy" not in Path(f"/proc/{process.pid}/maps").read_text():
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=PATIENCE_S)
    assert (process.returncode, err) == (130, "interrupted\n") or err.startswith("Ending the search")


@pytest.mark.parametrize(("sink", "code"), [("| true", 141), ("> /dev/full", 2), (">&-", 2)])
def test_an_output_that_takes_nothing_is_no_answer(cluster: Path, sink: str, code: int) -> None:
    """Whoever looks at exit codes alone must not take a full disk or a closed pipe for a refused plan."""
    command = f"set -o pipefail; sleep 0.1; '{TRIMTAB}' policy schema {sink}"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=PATIENCE_S, check=False)
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
