"""The sample policy: it says what its comments say."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from trimtab_solver.authoring.loader import load_policy
from trimtab_solver.failures import Event
from trimtab_solver.policy.documents import Document, Policy
from trimtab_solver.policy.selection import Selection
from trimtab_solver.rules import KINDS
from trimtab_solver.rules.host_requirement import HostRequirement
from trimtab_solver.rules.separate import Separate
from trimtab_solver.rules.tier import Availability, Tier, ranked_tiers
from trimtab_solver.snapshot import FailureDomain, Host, PoolKind, Snapshot, StoragePool, Vm

FOLDER = Path(__file__).parents[3] / "samples" / "policies" / "gold-silver-bronze"
HOSTS = (
    Host("safe", ("site-1",), capabilities=("redundant-power", "redundant-network")),
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
    (
        StoragePool("best", PoolKind.MIRRORED, {"raid": "10", "snapshots": "yes"}),
        StoragePool("fair", PoolKind.SHARED, {"raid": "6", "snapshots": "yes"}),
        StoragePool("without-snapshots", PoolKind.MIRRORED, {"raid": "10", "snapshots": "no"}),
        StoragePool("striped", PoolKind.SHARED, {"raid": "0", "snapshots": "yes"}),
        StoragePool("unlabelled", PoolKind.MIRRORED),
    ),
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
    """Hosts without redundant power and network are not good enough."""
    document, spec = _requirement(policy, "gold-infrastructure")
    assert spec.require is not None
    assert Selection(policy, SNAPSHOT).hosts_where(document, "spec.require", spec.require) == {"safe"}


@pytest.mark.parametrize(("rule", "pools"), [("gold-infrastructure", {"best"}), ("silver-storage", {"best", "fair"})])
def test_tiers_are_promised_storage_by_kind_and_labels(policy: Policy, rule: str, pools: set[str]) -> None:
    """Gold needs a mirror of RAID 1 or 10, Silver a RAID that survives a disk, both snapshots; no label, no promise."""
    document, spec = _requirement(policy, rule)
    assert spec.storage is not None
    assert Selection(policy, SNAPSHOT).pools(document, "spec.storage", spec.storage) == pools


def test_no_sample_states_storage_on_hosts() -> None:
    """What storage offers is said of pools: no condition on hosts reads a RAID level, mirror or snapshot."""
    for folder in FOLDER.parent.iterdir():
        if folder.is_dir():
            for document, spec in load_policy(folder).of(HostRequirement):
                words = f"{spec.require} {spec.select}"
                assert not re.search("raid|mirror|snapshot|storage", words), f"{folder.name}: {document.name}"


def _requirement(policy: Policy, name: str) -> tuple[Document, HostRequirement]:
    return next((document, spec) for document, spec in policy.of(HostRequirement) if document.name == name)
