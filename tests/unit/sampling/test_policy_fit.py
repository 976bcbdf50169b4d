"""Sample clusters and the shipped sample policy belong together."""

from __future__ import annotations

from collections.abc import Collection

import pytest

from trimtab_server.sampling import SampleOptions, generate, sample_policy_folder
from trimtab_solver.actions import Plan
from trimtab_solver.authoring.loader import parse_policy
from trimtab_solver.failures import event_of
from trimtab_solver.policy.selection import Selection
from trimtab_solver.validation import snapshot_faults
from trimtab_solver.verify.replay import verify_plan

OPTIONS = [
    SampleOptions(4, 20, sites=2),
    SampleOptions(12, 100, seed=2),
    SampleOptions(60, 600, load=0.95, seed=3),
    SampleOptions(40, 300, sites=1),
    SampleOptions(20, 160, spares=2, fail=("rack:r02",)),
]


@pytest.mark.parametrize("options", OPTIONS)
def test_healthy_cluster_breaks_no_must_rule(options: SampleOptions) -> None:
    """The verifier finds nothing inherited in the healthy cluster, and every guest runs."""
    sample = generate(options)
    policy = parse_policy(dict(sample.policy))
    levels = dict(verify_plan(sample.healthy, policy, Plan(())).levels)
    assert levels["inherited"] == 0
    assert all(value == 0 for name, value in levels.items() if name.startswith("running:"))


@pytest.mark.parametrize("options", OPTIONS)
def test_snapshots_are_valid(options: SampleOptions) -> None:
    """Neither the healthy nor the failed cluster contradicts itself."""
    sample = generate(options)
    assert snapshot_faults(sample.snapshot) == []
    assert snapshot_faults(sample.healthy) == []


def test_every_rule_of_the_policy_finds_its_guests() -> None:
    """No selector of the policy comes up empty on a sample cluster, so none of its rules is idle."""
    sample = generate(SampleOptions(60, 600))
    policy = parse_policy(dict(sample.policy))
    selection = Selection(policy, sample.snapshot, event_of(sample.snapshot))
    idle = []
    for document in policy.documents:
        for field, select in (("select", selection.vms), ("hosts", selection.hosts), ("storage", selection.pools)):
            selector = getattr(document.spec, field, None)
            if selector is not None:
                found: Collection[str] = select(document, f"spec.{field}", selector)
                if not found:
                    idle.append(f"{document.name} {field}")
    assert idle == []


def test_policy_folder_exists() -> None:
    """The documents are where checkout and wheel put them."""
    assert sample_policy_folder().is_dir()
