"""The benchmarks run, in their smoke mode."""

from __future__ import annotations

import pytest

from benchmarks.run import main


def test_smoke_run_prints_a_row_for_a_verified_plan(capsys: pytest.CaptureFixture[str]) -> None:
    """The smallest subject is planned, and its row names the outcome and every level."""
    main(["--smoke", "--budget", "5"])
    printed = capsys.readouterr().out
    assert "| sample 10x80 load 0.95 | 1 |" in printed
    assert "running:gold=0/0" in printed
