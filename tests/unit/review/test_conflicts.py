"""Conflicts: found when there are any, minimal, and never where the rules can be kept. Brute force is the judge."""

from __future__ import annotations

import random
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from itertools import product

import pytest

from tests.support.documents import document, policy_of
from trimtab_solver.policy.documents import Document, Policy
from trimtab_solver.policy.selection import Selection
from trimtab_solver.review.conflicts import Conflict, find_conflicts, must_rules
from trimtab_solver.review.contradictions import find_contradictions
from trimtab_solver.snapshot import FailureDomain, Host, HostState, PoolKind, Snapshot, StoragePool, Vm, VmState
from trimtab_solver.verify.domains import DomainMaps
from trimtab_solver.verify.judges import JUDGES
from trimtab_solver.verify.suitability import SUITABILITY

HOSTS = (
    Host("h1", ("r1",), capacity={"memory_mib": 8}, capabilities=("ssd",), labels={"lic": "db"}),
    Host("h2", ("r1",), capacity={"memory_mib": 8}),
    Host("h3", ("r2",), capacity={"memory_mib": 8}, storage_pool_ids=("san",)),
    # down now; that is no conflict of rules
    Host("h4", ("r2",), capacity={"memory_mib": 8}, capabilities=("ssd",), state=HostState.DOWN),
)
VMS = tuple(
    Vm(
        name,
        tier="bronze",
        labels={"zone": "AB"[i % 2], "app": "xy"[i // 2]},
        requested={"memory_mib": 4},
        host_id="h1",
    )
    for i, name in enumerate("abcd")
)
CLUSTER = Snapshot(
    HOSTS,
    VMS,
    (FailureDomain("r1", "rack", "s"), FailureDomain("r2", "rack", "s"), FailureDomain("s", "site")),
    (StoragePool("san", PoolKind.SHARED),),
)

ON_H1 = document("Pin", "on-h1", "{select: {ids: [a]}, hosts: {ids: [h1]}}")
ON_H2 = document("Pin", "on-h2", "{select: {ids: [a]}, hosts: {ids: [h2]}}")
ON_SSD = document("HostRequirement", "on-ssd", "{select: {cel: 'true'}, require: \"'ssd' in host.capabilities\"}")
SEPARATE = document(
    "Separate",
    "apart",
    "{between: [{matchLabels: {zone: A}}, {matchLabels: {zone: B}}], partnersBy: vm.labels.app, topology: rack}",
)
TOGETHER = document("Together", "near", "{select: {cel: 'true'}, groupBy: vm.labels.app, topology: rack}")
SPREAD = document("Spread", "spread", "{select: {cel: 'true'}, topology: rack, maxPerDomain: 1}")


def found(*documents: str, cluster: Snapshot = CLUSTER) -> list[tuple[tuple[str, ...], int]]:
    """(rules, guests concerned) of every conflict; all are minimal."""
    findings = find_conflicts(policy_of(*documents), cluster)
    assert findings.is_complete
    assert all(conflict.is_minimal for conflict in findings.conflicts)
    return [(conflict.names, len(conflict.guests) + conflict.more) for conflict in findings.conflicts]


@pytest.mark.parametrize(
    ("documents", "expected"),
    [
        ([], []),
        ([ON_H1, ON_SSD, SEPARATE], []),
        ([ON_H1, ON_H2], [(("on-h1", "on-h2"), 1)]),
        ([ON_H2, ON_SSD], [(("on-h2", "on-ssd"), 1)]),
        ([SEPARATE, TOGETHER, ON_SSD], [(("apart", "near"), 4)]),
        ([SPREAD], [(("spread",), 3)]),
        ([document("Pin", "nowhere", "{select: {ids: [a]}, hosts: {ids: []}}")], [(("nowhere",), 1)]),
        # a wish is never in conflict, nor is a rule that is switched off
        ([ON_H1, ON_H2.replace("}}\n", "}, level: should, weight: 1}\n")], []),
        ([ON_H1, ON_H2.replace("}}\n", "}, enabled: false}\n")], []),
        # 16 MiB of guests on 8 MiB of host
        (
            [document("Pin", "all-on-h2", "{select: {cel: 'true'}, hosts: {ids: [h2]}}"), SPREAD.replace("1}", "4}")],
            [(("all-on-h2", "(room)"), 4)],
        ),
    ],
)
def test_conflicts_are_minimal_and_name_their_rules(
    documents: list[str], expected: list[tuple[tuple[str, ...], int]]
) -> None:
    """Rules that are not needed, wishes and the present state of hosts play no part."""
    assert found(*documents) == expected


def test_storage_takes_part_in_a_conflict_by_name() -> None:
    """A guest whose pool only h3 reaches, pinned to h1."""
    vms = (Vm("a", tier="bronze", storage_pool_id="san", requested={"memory_mib": 1}, state=VmState.PENDING),)
    cluster = Snapshot(HOSTS, vms, CLUSTER.domains, CLUSTER.storage_pools)
    (conflict,) = find_conflicts(policy_of(ON_H1), cluster).conflicts
    assert conflict.names == ("on-h1", SUITABILITY)
    assert conflict.hosts == (("a", (("on-h1", ("h1",)), (SUITABILITY, ("h3",)))),)


def test_the_hosts_that_each_rule_leaves_are_shown() -> None:
    """So that the author sees why nothing is left."""
    (conflict,) = find_conflicts(policy_of(ON_H2, ON_SSD), CLUSTER).conflicts
    assert conflict.hosts == (("a", (("on-h2", ("h2",)), ("on-ssd", ("h1", "h4")))),)


# --- brute force ------------------------------------------------------------------------------------------------------


def can_hold(policy: Policy, rules: Collection[Document], guests: Sequence[str]) -> bool:
    """Whether some placement of the guests, and of any others, breaks none of the rules, by the verifier's judges."""
    selection = Selection(policy, CLUSTER)
    domains = DomainMaps(selection)
    scopes = [
        scope
        for rule in rules
        for scope in JUDGES[type(rule.spec)](rule, rule.spec, selection, domains)  # type: ignore[index]  # all are rules
    ]
    hosts = [host.id for host in CLUSTER.hosts]
    others = [vm.id for vm in VMS if vm.id not in guests]
    for places in product(*([hosts] * len(guests)), *([[*hosts, ""]] * len(others))):
        place = {vm_id: host for vm_id, host in zip((*guests, *others), places, strict=True) if host}
        if not any(scope.amounts(place) for scope in scopes):
            return True
    return False


def _random_rules(rng: random.Random) -> Iterator[str]:
    def some(ids: str, prefix: str = "") -> str:
        chosen = sorted(rng.sample(ids, rng.randint(1, len(ids))))
        return f"{{ids: [{', '.join(prefix + one for one in chosen)}]}}"

    for i in range(rng.randint(2, 5)):
        group = rng.choice(["", "groupBy: vm.labels.app, ", "groupBy: vm.labels.zone, "])
        topology = rng.choice(["host", "rack"])
        match rng.randrange(7):
            case 0:
                yield document("Pin", f"r{i}", f"{{select: {some('abcd')}, hosts: {some('1234', 'h')}}}")
            case 1:
                yield document("Together", f"r{i}", f"{{select: {some('abcd')}, {group}topology: {topology}}}")
            case 2:
                limit = f"maxPerDomain: {rng.randint(1, 2)}"
                yield document("Spread", f"r{i}", f"{{select: {some('abcd')}, {group}topology: {topology}, {limit}}}")
            case 3:
                least = f"minDomains: {rng.randint(2, 3)}"
                yield document("Spread", f"r{i}", f"{{select: {some('abcd')}, {group}topology: {topology}, {least}}}")
            case 4:
                yield document(
                    "Together", f"r{i}", f"{{select: {some('abcd')}, near: {some('abcd')}, topology: {topology}}}"
                )
            case 5:
                least = f"minRunning: {rng.randint(1, 3)}"
                yield document("Quorum", f"r{i}", f"{{select: {{cel: 'true'}}, {least}, survives: {topology}}}")
            case _:
                sets = rng.choice(["{ids: [a]}, {ids: [b, c]}", "{ids: [a, d]}, {ids: [c]}"])
                yield document("Separate", f"r{i}", f"{{between: [{sets}], topology: {topology}}}")


@pytest.mark.parametrize("seed", range(120))
def test_brute_force_agrees(seed: int) -> None:
    """A conflict is found exactly when nothing keeps all rules, and dropping any of its rules or guests ends it."""
    policy = policy_of(*_random_rules(random.Random(seed)))
    findings = find_conflicts(policy, replace(CLUSTER, vms=tuple(_roomy(vm) for vm in VMS)))
    rules = must_rules(policy)
    assert findings.is_complete
    assert bool(findings.conflicts) != can_hold(policy, rules, [vm.id for vm in VMS])
    for conflict in findings.conflicts:
        _check_minimal(policy, conflict)


def _roomy(vm: Vm) -> Vm:
    return Vm(vm.id, tier=vm.tier, labels=vm.labels, requested={"memory_mib": 1}, host_id="h1")


def _check_minimal(policy: Policy, conflict: Conflict) -> None:
    rules = [rule for rule in conflict.rules if isinstance(rule, Document)]
    assert conflict.is_minimal
    assert not can_hold(policy, rules, conflict.guests)
    for rule in rules:
        assert can_hold(policy, [other for other in rules if other is not rule], conflict.guests)
    if not can_hold(policy, rules, []):
        return  # the rules cannot be kept whoever runs (Quorum), so any guest shows it
    for guest in conflict.guests:
        assert can_hold(policy, rules, [other for other in conflict.guests if other != guest])


# --- without a cluster ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("documents", "expected"),
    [
        ([ON_H1, ON_H2], [("on-h1", "on-h2")]),
        ([ON_H1, ON_SSD], []),
        ([SEPARATE, TOGETHER], [("apart", "near")]),
        ([SEPARATE.replace("rack", "host"), TOGETHER], []),
        ([SEPARATE, TOGETHER.replace("rack", "host")], [("apart", "near")]),
        (
            [
                document("Pin", "left", "{select: {matchLabels: {app: x}}, hosts: {matchLabels: {row: '1'}}}"),
                document("Pin", "right", "{select: {cel: vm.tier == 'bronze'}, hosts: {matchLabels: {row: '2'}}}"),
            ],
            [("left", "right")],
        ),
        # guests of one are never guests of the other
        (
            [
                document("Pin", "left", "{select: {matchLabels: {app: x}}, hosts: {matchLabels: {row: '1'}}}"),
                document("Pin", "right", "{select: {matchLabels: {app: y}}, hosts: {matchLabels: {row: '2'}}}"),
            ],
            [],
        ),
        # nothing is claimed of rules that want company: with more guests they may be kept
        ([document("Together", "near", "{select: {ids: [a]}, near: {ids: [b]}, topology: rack}")], []),
        ([document("Quorum", "votes", "{select: {matchLabels: {role: v}}, minRunning: 3, survives: rack}")], []),
        (
            [
                document(
                    "Together",
                    "near",
                    "{select: {matchLabels: {z: '1'}}, near: {matchLabels: {z: '2'}}, topology: rack}",
                ),
                document(
                    "Separate", "far", "{between: [{matchLabels: {z: '1'}}, {matchLabels: {z: '2'}}], topology: rack}"
                ),
            ],
            [],
        ),
        # rules that are never in force together cannot clash; those that are can
        (
            [
                ON_H1.replace("[h1]}}", "[h1]}, until: '2026-01-01T00:00:00Z'}"),
                ON_H2.replace("[h2]}}", "[h2]}, from: '2026-01-01T00:00:00Z'}"),
            ],
            [],
        ),
        (
            [
                ON_H1.replace("[h1]}}", "[h1]}, until: '2026-01-02T00:00:00Z'}"),
                ON_H2.replace("[h2]}}", "[h2]}, from: '2026-01-01T00:00:00Z'}"),
            ],
            [("on-h1", "on-h2")],
        ),
        # a host that both name may or may not lie in one rack: that takes a cluster to tell
        ([document("Pin", "p", "{select: {ids: [a]}, hosts: {ids: [h1]}}"), TOGETHER], []),
        (
            [
                document("Together", "near", "{select: {cel: 'true'}, groupBy: vm.group, topology: site}"),
                document("Spread", "far", "{select: {cel: 'true'}, groupBy: vm.group, topology: site, minDomains: 2}"),
            ],
            [("near", "far")],
        ),
    ],
)
def test_what_no_cluster_can_satisfy_is_found_in_the_rules_alone(
    documents: list[str], expected: list[tuple[str, ...]]
) -> None:
    """Only what holds for every guest that the rules concern is claimed."""
    assert [conflict.names for conflict in find_contradictions(policy_of(*documents)).conflicts] == expected
