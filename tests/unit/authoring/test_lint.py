"""Lint: what it finds with and without a cluster, and what it leaves alone."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.documents import document, policy_of
from trimtab_solver.authoring.findings import Severity
from trimtab_solver.authoring.lint import lint, lint_files
from trimtab_solver.authoring.loader import load_policy
from trimtab_solver.errors import SnapshotRefusedError
from trimtab_solver.snapshot import FailureDomain, Host, Snapshot, StoragePool, Vm

SAMPLES = Path(__file__).parents[3] / "samples" / "policies"
SNAPSHOT = Snapshot(
    hosts=(
        Host("h1", ("r1",), capacity={"cpu_milli": 8000}),
        Host("h2", ("r2",), capacity={"cpu_milli": 8000}),
    ),
    vms=(
        Vm("a", tier="bronze", labels={"zone": "A", "app": "shop"}, requested={"cpu_milli": 1}, host_id="h1"),
        Vm("b", tier="bronze", labels={"zone": "B", "app": "crm"}, requested={"cpu_milli": 1}, host_id="h2"),
    ),
    domains=(FailureDomain("r1", "rack"), FailureDomain("r2", "rack")),
)


def rules_of(*documents: str, snapshot: Snapshot | None = None) -> list[tuple[str, str]]:
    """(severity, name of the check) of each finding."""
    return [(finding.severity.value, finding.rule) for finding in lint(policy_of(*documents), snapshot)]


@pytest.mark.parametrize("folder", sorted(path.name for path in SAMPLES.iterdir() if path.is_dir()))
def test_the_sample_policies_have_no_findings(folder: str) -> None:
    """What we show others is clean."""
    assert lint(load_policy(SAMPLES / folder)) == []


@pytest.mark.parametrize(
    ("cel", "expected"),
    [
        ("vm.labels.zone == 'A'", ["vm.labels.zone"]),
        ("vm.labels['zone'] == 'A'", ["vm.labels.zone"]),
        ("vm.requested.gpu > 0 && has(vm.labels.gpu)", ["vm.requested.gpu"]),
        ("has(vm.labels.zone) && vm.labels.zone == 'A'", []),
        (
            "vm.labels.?zone.orValue('') == 'A' || vm.labels[?'app'].orValue('') == ''",
            [],
        ),
        ("'zone' in vm.labels && vm.labels.zone == 'A'", []),
        ("!('zone' in vm.labels) || vm.labels['zone'] == 'A'", []),
        ("'app' in vm.labels && vm.labels.zone == 'A'", ["vm.labels.zone"]),
        ("size(vm.labels) > 1 && vm.labels.zone == 'A'", ["vm.labels.zone"]),
        ("'my-zone' in vm.labels && vm.labels['my-zone'] == 'A'", []),
        ("vm.labels['my-zone'] == 'A'", ["vm.labels.my-zone"]),
        ("vm.tier == 'gold'", []),
    ],
)
def test_reading_a_key_without_a_test_is_found(cel: str, expected: list[str]) -> None:
    """Whatever makes sure that the key is there counts as a test."""
    policy = policy_of(document("Pin", "pin", f'{{select: {{cel: "{cel}"}}, hosts: {{ids: [h1]}}}}'))
    findings = [finding for finding in lint(policy) if finding.rule == "unguarded-key"]
    assert [finding.message.split()[3] for finding in findings] == expected
    for finding in findings:
        # what the hint says to write is an expression, and with it nothing is found
        test = finding.fix.removeprefix("write ").partition(" && ...")[0]
        guarded = policy_of(document("Pin", "pin", f'{{select: {{cel: "{test} && {cel}"}}, hosts: {{ids: [h1]}}}}'))
        assert "unguarded-key" not in [one.rule for one in lint(guarded)]


@pytest.mark.parametrize(
    ("documents", "expected"),
    [
        ([document("Tier", "gold", "{rank: 10}")], [("info", "shared-rank")]),
        (
            [
                document(
                    "Tier",
                    "gold",
                    "{rank: 99, availability: must-run, evict: {when: event.hardware_failures > 99}}",
                )
            ],
            [("warning", "must-run-evictable"), ("warning", "condition-never-holds")],
        ),
        (
            [
                document(
                    "Tier",
                    "gold",
                    "{rank: 99, evict: {when: event.hardware_failures > 1}}",
                )
            ],
            [("warning", "lower-tier-protected")],
        ),
        (
            [
                document(
                    "Tier",
                    "low",
                    "{rank: 1, resize: {when: event.hardware_failures < 0, floor: {}}}",
                )
            ],
            [("warning", "condition-never-holds")],
        ),
        # what depends on more than the number of failures cannot be tried
        (
            [document("Tier", "low", "{rank: 1, evict: {when: event.failed_hosts > 500}}")],
            [],
        ),
        (
            [
                document(
                    "Separate",
                    "s",
                    "{between: [{ids: [a]}, {ids: [a]}], topology: host}",
                )
            ],
            [("error", "overlapping-sets")],
        ),
        (
            [
                document(
                    "Pin",
                    "p",
                    "{select: {ids: [a]}, hosts: {ids: [h1]}, enabled: false}",
                )
            ],
            [("info", "disabled")],
        ),
    ],
)
def test_a_policy_is_checked_by_itself(documents: list[str], expected: list[tuple[str, str]]) -> None:
    """Ranks, rights and sets that contradict each other are found without a cluster."""
    assert sorted(rules_of(*documents)) == sorted(expected)


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        (
            ("Pin", "{select: {ids: [a, x]}, hosts: {ids: [h1]}}"),
            [("warning", "unknown-id")],
        ),
        (
            ("Pin", "{select: {ids: [a]}, hosts: {matchLabels: {a: b}}}"),
            [("warning", "selects-nothing"), ("error", "no-host")],
        ),
        (
            (
                "Pin",
                "{select: {ids: [a]}, hosts: {matchLabels: {a: b}}, level: should, weight: 1}",
            ),
            [("warning", "selects-nothing"), ("warning", "no-host")],
        ),
        (
            ("Pin", "{select: {matchLabels: {zone: C}}, hosts: {ids: [h1]}}"),
            [("warning", "selects-nothing")],
        ),
        (
            ("Pin", "{select: {cel: vm.tier == 'bronze'}, hosts: {ids: [h1]}}"),
            [("info", "selects-everything")],
        ),
        (("Pin", "{select: {cel: 'true'}, hosts: {ids: [h1]}}"), []),
        (
            ("HostRequirement", "{select: {ids: [a]}, require: 'false'}"),
            [("error", "no-host"), ("error", "never-holds")],
        ),
        (("HostRequirement", "{select: {ids: [a]}, require: host.id == 'h2'}"), []),
        (
            (
                "Separate",
                "{between: [{matchLabels: {zone: A}}, {ids: [a, b]}], topology: rack}",
            ),
            [("error", "overlapping-sets"), ("info", "selects-everything")],
        ),
        (
            (
                "Separate",
                "{between: [{ids: [a]}, {ids: [b]}], partnersBy: vm.labels.?app.orValue(''), topology: rack}",
            ),
            [("warning", "no-partners")],
        ),
        (("Separate", "{between: [{ids: [a]}, {ids: [b]}], topology: rack}"), []),
        (
            ("Together", "{select: {ids: [a]}, topology: sites}"),
            [("error", "unknown-topology")],
        ),
        (
            (
                "Spread",
                "{select: {ids: [a]}, topology: rack, minDomains: 3, level: should, weight: 1}",
            ),
            [("info", "no-effect"), ("warning", "too-few-domains")],
        ),
        (
            (
                "Spread",
                "{select: {ids: [a]}, topology: rack, minDomains: 3, enabled: false}",
            ),
            [("info", "disabled")],
        ),
        (
            ("Pin", "{select: {cel: vm.labels.rack == '1'}, hosts: {ids: [h1]}}"),
            [("warning", "unguarded-key"), ("error", "policy-evaluation")],
        ),
        (
            (
                "Pin",
                "{select: {cel: vm.labels.rack == '1'}, hosts: {ids: [h1]}, level: should, weight: 1}",
            ),
            [
                ("warning", "unguarded-key"),
                ("warning", "left-out"),
                ("warning", "selects-nothing"),
            ],
        ),
        (("Tier", "{rank: 1, select: {ids: [a]}}"), [("error", "ambiguous-tier")]),
        (
            (
                "Tier",
                "{rank: 1, select: {ids: []}, noOvercommit: [cpu], resize: {floor: {memory_mib: '50%'}}}",
            ),
            [
                ("warning", "unknown-resource"),
                ("warning", "unknown-resource"),
                ("warning", "never-matches"),
            ],
        ),
    ],
)
def test_a_policy_is_checked_against_a_cluster(spec: tuple[str, str], expected: list[tuple[str, str]]) -> None:
    """With a snapshot lint says what selects nothing, names nothing that is there, or cannot be kept."""
    kind, body = spec
    assert sorted(rules_of(document(kind, "x", body), snapshot=SNAPSHOT)) == sorted(expected)


def test_findings_stand_where_the_field_stands_and_say_what_to_do() -> None:
    """A finding reads like a compiler's message."""
    policy = policy_of(document("Together", "near", "{select: {ids: [a]}, topology: rak}"))
    (finding,) = lint(policy, SNAPSHOT)
    assert finding.severity is Severity.ERROR
    assert str(finding) == (
        'p.yaml:6:38: error: Together near: the snapshot has no failure domains of kind "rak" [unknown-topology] '
        '(did you mean "rack"?)'
    )


def test_findings_come_in_order_of_place() -> None:
    """The order of findings is that of the text."""
    policy = policy_of(
        document("Pin", "b", "{select: {matchLabels: {x: y}}, hosts: {matchLabels: {x: y}}}"),
        document("Pin", "a", "{select: {matchLabels: {x: z}}, hosts: {matchLabels: {x: z}}}"),
    )
    places = [(finding.source.line, finding.source.column) for finding in lint(policy, SNAPSHOT)]
    assert places == sorted(places)
    assert len(places) == 4


def test_a_policy_is_not_held_against_a_wrong_snapshot() -> None:
    """What would be said of it would mean nothing; a policy that cannot be used is said to be so all the same."""
    wrong = replace(SNAPSHOT, hosts=())
    with pytest.raises(SnapshotRefusedError, match="no hosts"):
        lint(policy_of(), wrong)
    policy, findings = lint_files({"p.yaml": b"kind: Nothing"}, wrong)
    assert policy is None
    assert findings


def test_a_policy_set_has_few_globs() -> None:
    """Each is compared with many names; names in full may be as many as there are."""
    names = ", ".join(f"r{i}" for i in range(300))
    policy, findings = lint_files({"p.yaml": document("PolicySet", "all", f"{{require: [{names}]}}").encode()})
    assert policy is None
    assert all('no document is named "r' in finding.message or "Tier" in finding.message for finding in findings)
    globs = ", ".join(f"r{i}*" for i in range(101))
    _, findings = lint_files({"p.yaml": document("PolicySet", "all", f"{{require: [{globs}]}}").encode()})
    assert "require has 101 entries with wildcards, the limit is 100" in " ".join(f.message for f in findings)


@pytest.mark.parametrize(
    ("labels", "words"),
    [
        ("{raid: '9'}", "no host satisfies spec.storage, so none of the 2 selected guests may run anywhere"),
        (
            "{raid: '10'}",
            "no host satisfies spec.storage for 1 of the 2 selected guests, so they may run nowhere",
        ),
    ],
)
def test_storage_that_no_guest_is_on_is_one_finding(labels: str, words: str) -> None:
    """Guests on two pools, of which the rule selects none or one: said once for the rule, with all guests counted."""
    pools = (StoragePool("fast", labels={"raid": "10"}), StoragePool("slow", labels={"raid": "5"}))
    hosts = tuple(replace(host, storage_pool_ids=("fast", "slow")) for host in SNAPSHOT.hosts)
    vms = tuple(replace(vm, storage_pool_id=pool.id) for vm, pool in zip(SNAPSHOT.vms, pools, strict=True))
    spec = f"{{select: {{ids: [a, b]}}, storage: {{matchLabels: {labels}}}}}"
    policy = policy_of(document("HostRequirement", "r", spec))
    found = lint(policy, replace(SNAPSHOT, hosts=hosts, vms=vms, storage_pools=pools))
    assert [finding.message for finding in found if finding.rule == "no-host"] == [f"HostRequirement r: {words}"]
