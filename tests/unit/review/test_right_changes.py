"""Rights that a change of policy gives or takes away."""

from __future__ import annotations

import pytest

from tests.support.documents import document
from trimtab_server.reports.right_changes import right_sentence, spell_failures
from trimtab_solver.authoring.loader import parse_policy
from trimtab_solver.policy.documents import Policy
from trimtab_solver.review.diff import diff_policies
from trimtab_solver.snapshot import Host, HostState, Snapshot, Vm, VmState

SILVER = "{rank: 5, evict: {when: event.hardware_failures >= 2}, resize: {floor: {memory_mib: '80%'}}}"
CLUSTER = Snapshot(
    (Host("h1", capacity={"memory_mib": 400}), Host("h2", capacity={"memory_mib": 400}, state=HostState.MAINTENANCE)),
    (
        *(Vm(f"s{i}", tier="silver", requested={"memory_mib": 10}, host_id="h1") for i in range(3)),
        Vm("sure", tier="silver", requested={"memory_mib": 10}, guaranteed={"memory_mib": 10}, host_id="h1"),
        Vm("gold", tier="gold", requested={"memory_mib": 10}, host_id="h1"),
        Vm("off", tier="silver", requested={"memory_mib": 10}, state=VmState.STOPPED),
    ),
)


def _policy(silver: str, *more: str) -> Policy:
    text = document("Tier", "silver", silver) + document("Tier", "gold", "{rank: 9}") + "".join(more)
    return parse_policy({"p.yaml": text.removeprefix("---\n").encode()})


def _sentences(new: str, *more: str, cluster: Snapshot | None = CLUSTER) -> list[str]:
    diff = diff_policies(_policy(SILVER), _policy(new, *more), cluster, ())
    return [right_sentence(change) for change in diff.rights]


@pytest.mark.parametrize(
    ("new", "sentences"),
    [
        (SILVER, []),
        (SILVER.replace(">= 2", ">= 1"), ["4 silver guests may now be stopped at 1 hardware failure"]),
        (SILVER.replace(">= 2", ">= 4"), ["4 silver guests may no longer be stopped at 2 to 3 hardware failures"]),
        (
            SILVER.replace(">= 2", "== 2, action: suspend"),
            [
                "4 silver guests may no longer be stopped at 3 or more hardware failures",
                "4 silver guests may now be suspended instead of stopped at 2 hardware failures",
            ],
        ),
        (
            SILVER.replace("80", "50"),
            ["3 silver guests may now be shrunk to 50% of memory_mib (80% before) whatever fails"],
        ),
        (
            SILVER.replace("80", "90"),
            ["3 silver guests may be shrunk only to 90% of memory_mib (80% before) whatever fails"],
        ),
        (
            SILVER.replace("memory_mib: '80%'", "cpu_milli: '1%'"),
            ["3 silver guests may no longer be shrunk in memory_mib (to 80% before) whatever fails"],
        ),
        (
            SILVER.replace("{rank", "{allowColdMigration: true, rank"),
            ["4 silver guests may now be moved cold whatever fails"],
        ),
        # a condition on hosts: with one failure at least one host has failed
        (
            SILVER.replace("event.hardware_failures >= 2", "event.failed_hosts >= 1"),
            ["4 silver guests may now be stopped at 1 hardware failure"],
        ),
    ],
)
def test_guests_are_counted_by_what_changes_for_them(new: str, sentences: list[str]) -> None:
    """Who is switched off, asks for none of it or is guaranteed more anyway is not counted."""
    assert _sentences(new) == sentences


def test_floors_of_rules_count_like_those_of_tiers() -> None:
    """A Resize leaves its guests more than the tier does, while its condition holds."""
    rule = document(
        "Resize", "keep", "{select: {ids: [s1, gold]}, when: event.hardware_failures == 0, floor: {memory_mib: '95%'}}"
    )
    assert _sentences(SILVER, rule) == [
        "1 silver guest may be shrunk only to 95% of memory_mib (80% before) without a hardware failure"
    ]


def test_a_guest_that_changes_its_tier_has_the_rights_of_the_new_one() -> None:
    """No field of a right changed, and yet one guest may be stopped no longer."""
    new = SILVER.replace("{rank", "{select: {cel: \"vm.tier == 'silver' && vm.id != 's0'\"}, rank")
    gold = document("Tier", "gold-too", "{rank: 8, select: {ids: [s0]}}")
    assert _sentences(new, gold) == [
        "1 gold-too guest may no longer be stopped at 2 or more hardware failures",
        "1 gold-too guest may no longer be shrunk in memory_mib (to 80% before) whatever fails",
    ]


def test_without_a_cluster_tiers_are_compared() -> None:
    """Nobody is counted."""
    assert _sentences(SILVER.replace(">= 2", ">= 1"), cluster=None) == [
        "silver guests may now be stopped at 1 hardware failure"
    ]


def test_failures_are_spelt_in_runs() -> None:
    """Those beyond the largest number that is tried are like it."""
    assert spell_failures([0, 2, 3, 16]) == (
        "without a hardware failure and at 2 to 3 hardware failures and at 16 or more hardware failures"
    )
