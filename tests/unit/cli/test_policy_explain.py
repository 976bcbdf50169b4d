"""``trimtab policy explain``."""

from __future__ import annotations

from pathlib import Path

from tests.support import case_files as case
from tests.support.case_files import TIERS, run, written


def test_every_rule_is_listed_with_its_place(tmp_path: Path) -> None:
    """One line per document, facts below it."""
    state, rules = written(tmp_path, case.CROSSED, TIERS + case.CROSSED_PINS + case.PREFERS_SSD)
    result = run("policy", "explain", "a", rules, "--snapshot", state)
    assert result.code == 0
    heads = [line for line in result.out.splitlines() if not line.startswith(" ")]
    assert heads == [
        f"{rules}:10:1: Tier low",
        f"{rules}:15:8: Pin a-on-h2 (must)",
        f"{rules}:25:8: HostRequirement prefers-ssd (should 3)",
    ]
    assert "    broken now: a by 1\n" in result.out


def test_a_guest_that_is_not_there_is_named(tmp_path: Path) -> None:
    """Exit code 2 with what it holds."""
    state, rules = written(tmp_path, case.WELL)
    result = run("policy", "explain", "zz", rules, "--snapshot", state)
    assert (result.code, result.err) == (2, "vm_id: the snapshot holds no guest 'zz' (it holds a)\n")
