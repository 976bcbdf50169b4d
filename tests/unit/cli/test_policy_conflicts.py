"""``trimtab policy conflicts``: what it prints and how it ends."""

from __future__ import annotations

import json
from pathlib import Path

from tests.support import case_files as case
from tests.support.case_files import TIERS, run, written

BOTH = """---
apiVersion: trimtab/v1
kind: Pin
metadata: {name: a-on-h1}
spec: {select: {ids: [a]}, hosts: {ids: [h1]}, level: must}
---
apiVersion: trimtab/v1
kind: Pin
metadata: {name: a-on-h2}
spec: {select: {ids: [a]}, hosts: {ids: [h2]}, level: must}
"""


def test_a_conflict_is_shown_with_its_places_and_hosts(tmp_path: Path) -> None:
    """Exit code 1; rules with file and line, guests, and the hosts that each rule leaves."""
    state, rules = written(tmp_path, case.WELL, TIERS + BOTH)
    result = run("policy", "conflicts", rules, "--snapshot", state)
    assert (result.code, result.out.splitlines()) == (
        1,
        [
            "a-on-h1 and a-on-h2 cannot hold together",
            f"  {rules}:12:1: Pin a-on-h1",
            f"  {rules}:17:1: Pin a-on-h2",
            "  shown by a",
            "    a: a-on-h1 leaves it h1",
            "    a: a-on-h2 leaves it h2",
            "1 conflict",
        ],
    )


def test_rules_alone_suffice_where_no_cluster_can_help(tmp_path: Path) -> None:
    """Exit code 1 without a snapshot."""
    _, rules = written(tmp_path, case.WELL, TIERS + BOTH)
    result = run("policy", "conflicts", rules)
    assert result.code == 1
    assert "  shown by (vm.id = 'a')\n" in result.out


def test_no_conflict_ends_well(tmp_path: Path) -> None:
    """Exit code 0."""
    state, rules = written(tmp_path, case.CROSSED, TIERS + case.CROSSED_PINS)
    assert (run("policy", "conflicts", rules).code, run("policy", "conflicts", rules, "--snapshot", state).code) == (
        0,
        0,
    )


def test_json_is_for_programs(tmp_path: Path) -> None:
    """The same, as data."""
    state, rules = written(tmp_path, case.WELL, TIERS + BOTH)
    report = json.loads(run("policy", "conflicts", rules, "--snapshot", state, "--format", "json").out)
    (conflict,) = report["conflicts"]
    assert [rule["line"] for rule in conflict["rules"]] == [12, 17]
    assert conflict["hosts"] == {"a": {"a-on-h1": ["h1"], "a-on-h2": ["h2"]}}
    assert (conflict["minimal"], report["complete"]) == (True, True)
