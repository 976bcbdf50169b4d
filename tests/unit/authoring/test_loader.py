"""The loader: what a policy must be, how each mistake reads, and what the digest depends on."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.documents import BRONZE, document, faults_of, named, policy_of
from trimtab_solver.authoring.expression_fields import unmarked_fields
from trimtab_solver.authoring.loader import MAX_FAULTS, load_policy, parse_policy
from trimtab_solver.authoring.strict_yaml import MAX_FILE_BYTES
from trimtab_solver.errors import PolicyRefusedError, Reason
from trimtab_solver.policy.documents import Expression, Selector, Strict
from trimtab_solver.policy.fields import VmSelector, VmText
from trimtab_solver.rules import KINDS
from trimtab_solver.rules.tier import Tier


def test_every_kind_can_be_written() -> None:
    """One document of each kind, with every field that it has."""
    policy = policy_of(
        document("PolicySet", "all", "{require: ['br*', gold], defaultTier: bronze}"),
        document(
            "Tier",
            "gold",
            "{select: {ids: [a], matchLabels: {a: b}, cel: 'true'}, rank: 100, value: 3, availability: must-run,"
            " evict: {when: 'true', action: suspend}, resize: {when: 'true', floor: {cpu_milli: '75%'}, cost: 2},"
            " noOvercommit: [cpu_milli], allowColdMigration: true}",
        ),
        document(
            "Separate",
            "apart",
            "{between: [{ids: [a]}, {ids: [b]}], partnersBy: vm.group, topology: site, level: should, weight: 3}",
        ),
        document(
            "Spread",
            "spread",
            "{select: {cel: 'true'}, groupBy: vm.group, topology: rack, maxPerDomain: 1, minDomains: 2}",
        ),
        document(
            "Together",
            "near",
            "{select: {cel: 'true'}, groupBy: vm.group, topology: rack, enabled: false}",
        ),
        document("Pin", "pin", "{select: {cel: 'true'}, hosts: {cel: host.id == 'h'}}"),
        document(
            "HostRequirement",
            "power",
            "{select: {cel: 'true'}, require: 'true', level: must}",
        ),
        document(
            "ActionBudget",
            "calm",
            "{maxMigrations: '0.5%', maxMigrationsPerGroup: 3, groupBy: vm.tenant, groupWeight: 2,"
            " crossing: [{topology: site, cost: 9}], heldAtBothEnds: [disk_gib]}",
        ),
        document(
            "Balance",
            "even",
            "{above: [{resource: cpu_milli, threshold: '80%'}], from: '2026-12-01T00:00:00Z',"
            " peaks: [{resource: cpu_milli, weight: 2}],"
            " ratios: [{left: cpu_milli, right: memory_mib, target: 2}]}",
        ),
        document("Maintenance", "work", "{hosts: {ids: [h]}, from: '2026-12-01T00:00:00Z'}"),
        document("Quorum", "alive", "{select: {cel: 'true'}, groupBy: vm.group, minRunning: '50%', survives: rack}"),
        document("Reserve", "spare", "{hosts: 1, within: site, protects: {cel: 'true'}, level: should, weight: 5}"),
        document("Resize", "whole", "{select: {ids: [v]}, when: event.failed_hosts == 0, floor: {cpu_milli: '90%'}}"),
        document(
            "Objectives",
            "order",
            "{levels: [stops, {name: sum, measures: {shrinkage: 2, should: 1}}, disruption, balance]}",
        ),
    )
    assert sorted({item.kind for item in policy.documents}) == sorted(KINDS)
    tier = named(policy, "gold").spec
    assert isinstance(tier, Tier)
    assert (tier.rank, tier.no_overcommit, tier.allow_cold_migration) == (
        100,
        ("cpu_milli",),
        True,
    )


def test_shape_errors_and_expression_errors_come_together() -> None:
    """A document with a wrong field still has its expressions checked, and so has every other file."""
    spec = "{rank: high, select: {cel: vm.tierr == 'x'}, evict: {when: event.failures > 1}}"
    with pytest.raises(PolicyRefusedError) as refusal:
        parse_policy(
            {
                "a.yaml": document("Tier", "x", spec).encode(),
                "b.yaml": b"a: [",
                "c.yaml": BRONZE.encode(),
            }
        )
    assert [(fault.reason, fault.path) for fault in refusal.value.faults] == [
        (Reason.POLICY_FIELD, "a.yaml:5:14 spec.rank"),
        (Reason.POLICY_EXPRESSION, "a.yaml:5:36 spec.select.cel"),
        (Reason.POLICY_EXPRESSION, "a.yaml:5:71 spec.evict.when"),
        (Reason.POLICY_SYNTAX, "b.yaml:2:1"),
    ]


@pytest.mark.parametrize(
    ("kind", "spec", "path"),
    [
        ("Tier", "{rank: 1, evict: {when: vm.tier == 'x'}}", "spec.evict.when"),
        (
            "Tier",
            "{rank: 1, resize: {when: event.failed_hosts, floor: {}}}",
            "spec.resize.when",
        ),
        ("Tier", "{rank: 1, select: {cel: host.id == 'x'}}", "spec.select.cel"),
        (
            "Separate",
            "{between: [{ids: [a]}, {cel: vm.id}], topology: host}",
            "spec.between[1].cel",
        ),
        (
            "Separate",
            "{between: [{ids: [a]}, {ids: [b]}], partnersBy: 'true', topology: host}",
            "spec.partnersBy",
        ),
        (
            "Spread",
            "{select: {ids: [a]}, groupBy: host.id, topology: host, maxPerDomain: 1}",
            "spec.groupBy",
        ),
        (
            "Together",
            "{select: {ids: [a]}, groupBy: vm.labels, topology: host}",
            "spec.groupBy",
        ),
        ("Pin", "{select: {ids: [a]}, hosts: {cel: vm.id == 'x'}}", "spec.hosts.cel"),
        (
            "HostRequirement",
            "{select: {ids: [a]}, require: vm.id == 'x'}",
            "spec.require",
        ),
    ],
)
def test_each_expression_is_checked_with_its_own_variables_and_type(kind: str, spec: str, path: str) -> None:
    """Conditions see the event, selectors what they select, keys are strings."""
    (fault,) = faults_of(document(kind, "x", spec))
    assert fault.reason is Reason.POLICY_EXPRESSION
    assert fault.path.endswith(f" {path}")


def test_no_expression_or_selector_field_is_forgotten() -> None:
    """Every field of every kind that is an expression or holds selectors says what it is evaluated on."""
    assert [name for model in KINDS.values() for name in unmarked_fields(model)] == []


def test_a_field_that_does_not_say_what_it_is_evaluated_on_is_named() -> None:
    """Also in nested models, lists and options."""

    class Part(Strict):
        condition: Expression | None = None

    class Whole(Strict):
        part: Part
        parts: tuple[Selector, ...]
        good: tuple[VmSelector, ...]
        also_good: VmText | None = None

    assert list(unmarked_fields(Whole)) == ["Part.condition", "Whole.parts"]


@pytest.mark.parametrize(
    ("overrides", "message"),
    [("[sliver]", 'there is no Tier named "sliver"'), ("[bronze]", "x overrides bronze, which overrides x")],
)
def test_what_a_tier_overrides_exists_and_does_not_override_it(overrides: str, message: str) -> None:
    """No unknown names, no circles."""
    bronze = document("Tier", "bronze", "{rank: 1, overrides: [x]}")
    text = bronze + "\n---\n" + document("Tier", "x", f"{{rank: 9, overrides: {overrides}}}")
    with pytest.raises(PolicyRefusedError) as refusal:
        parse_policy({"f": text.encode()})
    assert any(fault.message.startswith(message) for fault in refusal.value.faults)


def test_a_name_is_taken_once_whatever_the_kind() -> None:
    """Two documents of one name are refused naming both places."""
    (fault,) = faults_of(document("Pin", "bronze", "{select: {ids: [a]}, hosts: {ids: [h]}}"))
    assert fault.reason is Reason.POLICY_CONFLICT
    assert fault.path == "p.yaml:5:18 metadata.name"
    assert 'the name "bronze" is taken by the Tier at p.yaml:1:55' in fault.message


def test_a_policy_has_at_most_one_policy_set() -> None:
    """A second PolicySet is refused naming the first."""
    (fault,) = faults_of(document("PolicySet", "a", "{}"), document("PolicySet", "b", "{}"))
    assert (fault.reason, fault.path) == (Reason.POLICY_CONFLICT, "p.yaml:8:1 kind")
    assert "p.yaml:3:1" in fault.message


def test_required_documents_and_the_default_tier_must_exist() -> None:
    """What the PolicySet names is there, and the set itself does not count."""
    faults = faults_of(document("PolicySet", "set", "{require: [bron*, set, gold-*], defaultTier: bronce}"))
    assert [(fault.path, fault.message) for fault in faults] == [
        ("p.yaml:6:25 spec.require[1]", 'no document is named "set"'),
        ("p.yaml:6:30 spec.require[2]", 'no document is named "gold-*"'),
        ("p.yaml:6:52 spec.defaultTier", 'there is no Tier named "bronce"'),
    ]
    assert faults[2].fix == 'did you mean "bronze"?'


@pytest.mark.parametrize("files", [{}, {"a.yaml": b""}, {"a.yaml": b"# only a comment\n---\n"}])
def test_a_policy_without_tier_is_refused(files: dict[str, bytes]) -> None:
    """Nothing can be planned without a tier, so an empty policy is never accepted."""
    with pytest.raises(PolicyRefusedError, match="kind: Tier"):
        parse_policy(files)


def test_hundreds_of_faults_are_cut_short_with_their_number() -> None:
    """A hostile file cannot make a refusal of any length."""
    text = document("Tier", "x", "{rank: 1, " + ", ".join(f"f{i}: 1" for i in range(700)) + "}")
    faults = faults_of(text)
    assert len(faults) == MAX_FAULTS + 1
    assert "200 more faults: 200 in p.yaml" in faults[-1].message


def test_a_folder_is_read_with_everything_below_it(tmp_path: Path) -> None:
    """Files are found by suffix at any depth; hidden ones and others are left alone."""
    (tmp_path / "deep" / "er").mkdir(parents=True)
    (tmp_path / ".git").mkdir()
    (tmp_path / "deep" / "er" / "a.yml").write_text(BRONZE)
    (tmp_path / "b.yaml").write_text(document("Tier", "gold", "{rank: 1}"))
    (tmp_path / ".git" / "c.yaml").write_text("not: [a policy")
    (tmp_path / "notes.txt").write_text("not: [a policy")
    policy = load_policy(tmp_path)
    assert [(item.name, str(item.source)) for item in policy.documents] == [
        ("gold", "b.yaml:2:1"),
        ("bronze", "deep/er/a.yml:1:1"),
    ]
    assert load_policy([tmp_path / "b.yaml", tmp_path / "deep"]).digest == policy.digest
    assert str(load_policy(tmp_path / "b.yaml").documents[0].source) == f"{tmp_path / 'b.yaml'}:2:1"


def test_missing_files_and_empty_folders_are_refused_together(tmp_path: Path) -> None:
    """Every path that gives nothing is named."""
    (tmp_path / "empty").mkdir()
    with pytest.raises(PolicyRefusedError) as refusal:
        load_policy([tmp_path / "empty", tmp_path / "none.yaml"])
    assert [fault.reason for fault in refusal.value.faults] == [Reason.MALFORMED_FILE] * 2
    assert "holds no .yaml or .yml file" in str(refusal.value)
    assert "cannot be read: No such file or directory" in str(refusal.value)


def test_a_long_file_is_refused_without_being_read_whole(tmp_path: Path) -> None:
    """The size limit holds for files on disk as well."""
    (tmp_path / "a.yaml").write_bytes(b"#" * (3 * MAX_FILE_BYTES))
    with pytest.raises(PolicyRefusedError, match="the limit is"):
        load_policy(tmp_path)


GOLD = """
apiVersion: trimtab/v1
kind: Tier
metadata: {name: gold}
spec: {rank: 100, evict: {when: event.failed_hosts > 1}}
"""


@pytest.mark.parametrize(
    "same",
    [
        "# a comment\n---" + GOLD + "---\n" + BRONZE,
        BRONZE + "---\nspec: {evict: {when: 'event.failed_hosts > 1'}, rank: 100}\nkind: Tier\nmetadata: {name: gold}\n"
        "apiVersion: trimtab/v1\n",
        BRONZE + "---" + GOLD.replace("rank: 100", "rank: 100, value: 1, select: null, noOvercommit: []"),
        BRONZE + "---" + GOLD.replace("> 1}", "> 1, action: stop}").replace("gold}", "gold, owner: ''}"),
    ],
)
def test_the_digest_ignores_order_comments_and_written_out_defaults(same: str) -> None:
    """Two texts that say the same have the same digest."""
    digest = parse_policy({"a.yaml": (BRONZE + "---" + GOLD).encode()}).digest
    assert parse_policy({"b.yaml": same.encode()}).digest == digest


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("100", "101"),
        ("> 1", "> 2"),
        ("gold", "golden"),
        ("{name: gold}", "{name: gold, owner: me}"),
    ],
)
def test_the_digest_changes_with_what_is_said(old: str, new: str) -> None:
    """Any other value, name or owner is another policy."""
    digest = parse_policy({"a.yaml": (BRONZE + "---" + GOLD).encode()}).digest
    assert parse_policy({"a.yaml": (BRONZE + "---" + GOLD.replace(old, new)).encode()}).digest != digest


def test_fields_are_found_by_their_path() -> None:
    """A document tells where each field stands, and the nearest one around a field that is not written."""
    policy = policy_of(document("Pin", "pin", "{select: {cel: 'true'}, hosts: {ids: [h]}}"))
    pin = named(policy, "pin")
    assert str(pin.position("spec.select.cel")) == "p.yaml:6:22"
    assert str(pin.position("spec.weight")) == "p.yaml:6:1"
    assert str(pin.position("nowhere")) == "p.yaml:3:1"
