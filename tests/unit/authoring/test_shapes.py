"""Shapes: each wrong field of a document reads like a sentence with place, value and fix."""

from __future__ import annotations

import pytest

from tests.support.documents import BRONZE, document, faults_of
from trimtab_solver.authoring.loader import parse_policy
from trimtab_solver.errors import PolicyRefusedError


def spec_faults(kind: str, spec: str) -> list[tuple[str, str, str]]:
    """(field path, message, fix) of every fault of one document called x, which begins on line 2."""
    return [(fault.path.partition(" ")[2], fault.message, fault.fix) for fault in faults_of(document(kind, "x", spec))]


@pytest.mark.parametrize(
    ("kind", "spec", "path", "message", "fix"),
    [
        ("Tier", "{}", "spec.rank", "rank is missing", "add rank"),
        (
            "Tier",
            "{rank: 1, rnk: 2}",
            "spec.rnk",
            'unknown field "rnk"',
            "did you mean rank?",
        ),
        (
            "Tier",
            "{rank: 5000}",
            "spec.rank",
            "rank is 5000, above the most allowed",
            "write 1000 or less",
        ),
        (
            "Tier",
            "{rank: -1}",
            "spec.rank",
            "rank is -1, below the least allowed",
            "write 0 or more",
        ),
        (
            "Tier",
            "{rank: '7'}",
            "spec.rank",
            'rank is "7", not a whole number',
            "write a whole number without quotes",
        ),
        (
            "Tier",
            "{rank: 1.5}",
            "spec.rank",
            "rank is 1.5, not a whole number",
            "write a whole number without quotes",
        ),
        (
            "Tier",
            "{rank: true}",
            "spec.rank",
            "rank is true, not a whole number",
            "write a whole number without quotes",
        ),
        (
            "Tier",
            "{rank: 1, allowColdMigration: 'yes'}",
            "spec.allowColdMigration",
            'allowColdMigration is "yes"',
            "write true or false; yes is a plain word in YAML 1.2",
        ),
        (
            "Tier",
            "{rank: 1, allow_cold_migration: true}",
            "spec.allow_cold_migration",
            'unknown field "allow_cold_migration"',
            "did you mean allowColdMigration?",
        ),
        (
            "Tier",
            "{rank: 1, availabilityTarget: '100%'}",
            "spec.availabilityTarget",
            '"100%" is no target',
            'write a percentage above 0 and below 100 in quotes, such as "99.99%"',
        ),
        (
            "Tier",
            "{rank: 1, maxRestartTime: soon}",
            "spec.maxRestartTime",
            '"soon" is no duration',
            "write 90s, 15m, 2h or 3d",
        ),
        (
            "Tier",
            "{rank: 1, availability: must_run}",
            "spec.availability",
            'availability is "must_run"',
            "did you mean must-run? one of must-run, best-effort",
        ),
        (
            "Tier",
            "{rank: 1, evict: {when: 'true', acton: stop}}",
            "spec.evict.acton",
            'unknown field "acton"',
            "did you mean action?",
        ),
        (
            "Tier",
            "{rank: 1, evict: never}",
            "spec.evict",
            'evict is "never", not a mapping',
            "write fields below evict:",
        ),
        (
            "Tier",
            "{rank: 1, resize: {floor: {cpu_milli: 75}}}",
            "spec.resize.floor.cpu_milli",
            "cpu_milli is 75, not text",
            'put it in quotes: "75"',
        ),
        (
            "Tier",
            "{rank: 1, resize: {floor: {cpu_milli: '175%'}}}",
            "spec.resize.floor",
            'floor of cpu_milli is "175%"',
            'write a whole percentage in quotes such as "75%"',
        ),
        (
            "Tier",
            "{rank: 1, noOvercommit: cpu_milli}",
            "spec.noOvercommit",
            'noOvercommit is "cpu_milli", not a list',
            "write noOvercommit: [...]",
        ),
        (
            "Tier",
            "{rank: 1, select: {}}",
            "spec.select",
            "a selector needs at least one of ids, matchLabels, cel",
            "",
        ),
        (
            "Tier",
            "[rank, 1]",
            "spec",
            "spec is a list, not a mapping",
            "write fields below spec:",
        ),
        (
            "Separate",
            "{between: [{ids: [a]}], topology: host}",
            "spec.between",
            "between has 1 entries",
            "give at least 2",
        ),
        (
            "Separate",
            "{between: [{ids: [a]}, {matchLabel: {a: b}}], topology: host}",
            "spec.between[1].matchLabel",
            'unknown field "matchLabel"',
            "did you mean matchLabels?",
        ),
        (
            "Spread",
            "{select: {ids: [a]}, topology: rack}",
            "spec",
            "Spread needs maxPerDomain, minDomains or maxSkew",
            "",
        ),
        (
            "Pin",
            "{select: {ids: [1]}, hosts: {ids: [h]}}",
            "spec.select.ids[0]",
            "ids[0] is 1, not text",
            'put it in quotes: "1"',
        ),
        (
            "Pin",
            "{select: {cel: ''}, hosts: {ids: [h]}}",
            "spec.select.cel",
            "cel is empty",
            "give at least 1",
        ),
        (
            "Pin",
            "{select: {ids: [a]}, hosts: {ids: [h]}, level: should}",
            "spec",
            "level: should needs a weight",
            "add weight: 1 to 1000000",
        ),
        (
            "Pin",
            "{select: {ids: [a]}, hosts: {ids: [h]}, weight: 3}",
            "spec",
            "level: must takes no weight",
            "remove it or use level: should",
        ),
        (
            "Pin",
            "{select: {ids: [a]}, hosts: {ids: [h]}, level: [must]}",
            "spec.level",
            "level is a list",
            "one of must, should",
        ),
    ],
)
def test_a_wrong_field_names_place_value_and_fix(kind: str, spec: str, path: str, message: str, fix: str) -> None:
    """Each mistake in a spec is one fault in words of the policy language."""
    ((where, what, how),) = spec_faults(kind, spec)
    assert where == path
    assert what.startswith(message)
    assert how.startswith(fix)


@pytest.mark.parametrize(
    ("text", "path", "message", "fix"),
    [
        (
            "kind: Tier\nmetadata: {name: a}\nspec: {rank: 1}",
            "f:1:1 apiVersion",
            "apiVersion is missing",
            "write apiV",
        ),
        (
            "apiVersion: v1\nkind: Tier\nmetadata: {name: a}\nspec: {rank: 1}",
            "f:1:13 apiVersion",
            'apiVersion is "v1"',
            "write apiVersion: trimtab/v1",
        ),
        (
            "apiVersion: trimtab/v1\nmetadata: {name: a}",
            "f:1:1 kind",
            "kind is missing",
            "known are ActionBudget, Balance,",
        ),
        (
            "apiVersion: trimtab/v1\nkind: Teir\nmetadata: {name: a}",
            "f:2:7 kind",
            'unknown kind "Teir"',
            "did you mean Tier? known are ActionBudget, Balance, ",
        ),
        (
            "apiVersion: trimtab/v1\nkind: PolicySets\nmetadata: {name: a}",
            "f:2:7 kind",
            'unknown kind "PolicySets"',
            "did you mean PolicySet?",
        ),
        (
            "apiVersion: trimtab/v1\nkind: Tier\nmetadata: {name: Gold}\nspec: {rank: 1}",
            "f:3:18 metadata.name",
            'name is "Gold"',
            "use 1 to 100 of a-z",
        ),
        (
            "apiVersion: trimtab/v1\nkind: Tier\nspec: {rank: 1}",
            "f:1:1 metadata.name",
            "name is missing",
            "add name",
        ),
        (
            "apiVersion: trimtab/v1\nkind: Tier\nmetadata: {name: a}\nspec: {rank: 1}\nspecs: {}",
            "f:5:1 specs",
            'unknown field "specs"',
            "did you mean spec?",
        ),
        (
            "- a\n- b",
            "f:1:1",
            "the document is a list, not a mapping",
            "begin with apiVersion",
        ),
    ],
)
def test_a_wrong_header_names_place_value_and_fix(text: str, path: str, message: str, fix: str) -> None:
    """Each mistake in what every document shares is one fault."""
    with pytest.raises(PolicyRefusedError) as refusal:
        parse_policy({"f": text.encode(), "tier": BRONZE.encode()})
    (fault,) = refusal.value.faults
    assert (fault.path, fault.message) == (path, message)
    assert fault.fix.startswith(fix)
