"""Mistakes that authors make, one file each (cases/*.yaml): each is found, in its line, and nothing else is.

The first line of a case says what is wrong. A comment ``#! rule ...`` ends each line that must have findings and names
their rules. ``# cluster: yes`` looks at the policy on the cluster below as well; ``# tool: conflicts`` is for mistakes
that `policy conflicts` finds, and ``# conflict: p q`` names the rules that clash.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from trimtab_solver.authoring.findings import Severity
from trimtab_solver.authoring.lint import lint_files
from trimtab_solver.authoring.loader import parse_policy
from trimtab_solver.review.conflicts import find_conflicts
from trimtab_solver.review.contradictions import find_contradictions
from trimtab_solver.snapshot import FailureDomain, Host, PoolKind, Snapshot, StoragePool, Vm

CASES = sorted((Path(__file__).parent / "cases").glob("*.yaml"))
_MARK = re.compile(r"#! (?P<rules>[a-z -]+)$")

_EQUIPPED = ("redundant-power", "redundant-network")
CLUSTER = Snapshot(
    hosts=(
        Host("h1", ("r1",), capacity={"memory_mib": 16}, capabilities=_EQUIPPED),
        Host("h2", ("r2",), capacity={"memory_mib": 16}, capabilities=_EQUIPPED),
        Host("h3", ("r3",), capacity={"memory_mib": 16}, storage_pool_ids=("san",)),
    ),
    vms=tuple(
        Vm(name, tier="bronze", labels={"role": name[:-2]}, requested={"memory_mib": 8}, host_id=host)
        for name, host in (("web-1", "h1"), ("web-2", "h2"), ("db-1", "h3"), ("db-2", "h3"))
    ),
    domains=(
        FailureDomain("s1", "site"),
        FailureDomain("s2", "site"),
        FailureDomain("r1", "rack", "s1"),
        FailureDomain("r2", "rack", "s1"),
        FailureDomain("r3", "rack", "s2"),
    ),
    storage_pools=(StoragePool("san", PoolKind.SHARED, {"raid": "10"}),),
)


def test_there_are_many() -> None:
    """Syntax, shape, expressions, meaning, clusters and conflicts."""
    assert len(CASES) >= 60


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_a_mistake_is_found_in_its_line_and_nothing_else_is(path: Path) -> None:
    """Errors and warnings are exactly those that the case marks; remarks may be more."""
    text = path.read_text(encoding="utf-8")
    wanted = [
        (number, rule)
        for number, line in enumerate(text.splitlines(), 1)
        if (mark := _MARK.search(line))
        for rule in mark["rules"].split()
    ]
    cluster = CLUSTER if "\n# cluster: yes\n" in text else None
    _, findings = lint_files({path.name: path.read_bytes()}, cluster)
    found = [(one.source.line, one.rule) for one in findings if one.severity is not Severity.INFO]
    assert sorted(found) == sorted(wanted), "\n".join(map(str, findings))
    assert all(one.fix for one in findings if (one.source.line, one.rule) in wanted), "a hint is missing"
    if "\n# tool: conflicts\n" in text:
        policy = parse_policy({path.name: path.read_bytes()})
        report = find_contradictions(policy) if cluster is None else find_conflicts(policy, cluster)
        (clash,) = re.findall(r"^# conflict: (.*)$", text, re.MULTILINE)
        assert [conflict.names for conflict in report.conflicts] == [tuple(clash.split())]
        assert all(conflict.guests for conflict in report.conflicts)
    else:
        assert wanted, "the case marks no line"
