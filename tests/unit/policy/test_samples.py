"""The sample policy: it says what its comments say."""

from __future__ import annotations

from pathlib import Path

import pytest

from trimtab_solver.authoring.loader import load_policy
from trimtab_solver.failures import Event
from trimtab_solver.policy.documents import Policy
from trimtab_solver.policy.selection import Selection
from trimtab_solver.rules import KINDS
from trimtab_solver.rules.separate import Separate
from trimtab_solver.rules.tier import Availability, Tier, ranked_tiers
from trimtab_solver.snapshot import FailureDomain, Host, Snapshot, Vm

FOLDER = Path(__file__).parents[3] / "samples" / "policies" / "gold-silver-bronze"
HOSTS = (
    Host(
        "safe",
        ("site-1",),
        capabilities=("redundant-power", "redundant-network", "offsite-mirror"),
    ),
    Host("plain", ("site-1",)),
)
VMS = tuple(
    Vm(f"{tier}-{zone.lower()}", tier=tier, labels={"zone": zone, "app": "shop"})
    for tier in ("gold", "silver")
    for zone in "AB"
)
SNAPSHOT = Snapshot(
    HOSTS,
    (*VMS, Vm("odd", tier="gold"), Vm("free", tier="bronze")),
    (FailureDomain("site-1", "site"),),
)


@pytest.fixture(scope="module")
def policy() -> Policy:
    """The sample policy, loaded once."""
    return load_policy(FOLDER)


def test_every_kind_has_an_example() -> None:
    """A policy author finds each kind in the samples."""
    folders = [path for path in FOLDER.parent.iterdir() if path.is_dir()]
    assert {document.kind for folder in folders for document in load_policy(folder).documents} == set(KINDS)


@pytest.mark.parametrize(
    ("failures", "evictable", "shrinkable"),
    [
        (0, set(), {"bronze"}),
        (1, {"bronze"}, {"bronze", "silver"}),
        (2, {"bronze", "silver"}, {"bronze", "silver"}),
    ],
)
def test_rights_follow_the_number_of_failures(
    policy: Policy, failures: int, evictable: set[str], shrinkable: set[str]
) -> None:
    """Bronze may be stopped on one failure, Silver on two, Gold never; Gold is never shrunk."""
    selection = Selection(policy, SNAPSHOT, Event(failures, failures, (), 0))
    found: tuple[set[str], set[str]] = (set(), set())
    for document, tier in ranked_tiers(selection):
        if tier.evict and selection.holds(document, "spec.evict.when", tier.evict.when):
            found[0].add(document.name)
        if tier.resize and selection.holds(document, "spec.resize.when", tier.resize.when):
            found[1].add(document.name)
    assert found == (evictable, shrinkable)


def test_gold_runs_on_guaranteed_resources(policy: Policy) -> None:
    """Gold must run, is ranked first, and does not share CPU and memory."""
    document, gold = ranked_tiers(Selection(policy, SNAPSHOT))[0]
    assert isinstance(gold, Tier)
    assert (document.name, gold.availability) == ("gold", Availability.MUST_RUN)
    assert gold.no_overcommit == ("cpu_milli", "memory_mib")


def test_zones_hold_the_halves_of_an_application_apart(policy: Policy) -> None:
    """Gold halves part by site, Silver halves by host; a guest without a zone is in no set."""
    selection = Selection(policy, SNAPSHOT)
    sets = {
        document.name: (
            spec.topology,
            [selection.vms(document, f"spec.between[{i}]", part) for i, part in enumerate(spec.between)],
        )
        for document, spec in policy.of(Separate)
    }
    assert sets == {
        "gold-zones": ("site", [("gold-a",), ("gold-b",)]),
        "silver-zones": ("host", [("silver-a",), ("silver-b",)]),
    }


def test_gold_needs_redundant_infrastructure(policy: Policy) -> None:
    """Hosts without redundant power, network and an off-site mirror are not good enough."""
    document = next(item for item in policy.documents if item.name == "gold-infrastructure")
    where = document.spec.require  # type: ignore[attr-defined]  # a HostRequirement
    assert Selection(policy, SNAPSHOT).hosts_where(document, "spec.require", where) == {"safe"}
