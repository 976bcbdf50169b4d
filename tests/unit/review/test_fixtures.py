"""Fixtures and events of policy tests: what the short forms stand for."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from trimtab_solver.authoring.policy_test import Fixtures
from trimtab_solver.errors import SnapshotRefusedError
from trimtab_solver.execution.events import after_draining, after_failure
from trimtab_solver.review.fixtures import snapshot_of
from trimtab_solver.snapshot import FailureDomain, FencingState, Host, HostState, PoolKind, Snapshot, Vm, VmState
from trimtab_solver.validation import snapshot_faults

FIXTURES = {
    "domains": {"s": {"kind": "site"}, "r": {"kind": "rack", "parent": "s"}},
    "storagePools": {"san": "SHARED"},
    "eachHost": {"capacity": {"cpu_milli": 8000, "memory_mib": 64}, "labels": {"a": "1"}, "domains": ["r"]},
    "hosts": {"h[08-10]": {}, "x": {"capacity": {"memory_mib": 32}, "labels": {"b": "2"}, "domains": []}},
    "eachVm": {"tier": "low", "requested": {"memory_mib": 8}},
    "vms": {"v": {"host": "x"}, "w": {"tier": "high"}},
}
CLUSTER = Snapshot(
    hosts=(Host("h1", ("r1",)), Host("h2", ("r1",)), Host("h3")),
    vms=(
        Vm("a", host_id="h1", allocated={"memory_mib": 1}),
        Vm("b", host_id="h3"),
        Vm("c", host_id="h1", target_host_id="h3", state=VmState.MIGRATING),
        Vm("d", host_id="h3", target_host_id="h2", state=VmState.MIGRATING),
    ),
    domains=(FailureDomain("r1", "rack"),),
)


def test_common_parts_are_merged_by_key_and_ranges_spelt_out() -> None:
    """Amounts and labels by key; everything else is the host's own where it says anything."""
    snapshot = snapshot_of(Fixtures.model_validate(FIXTURES))
    assert snapshot_faults(snapshot) == []
    assert [host.id for host in snapshot.hosts] == ["h08", "h09", "h10", "x"]
    assert snapshot.hosts[0] == Host("h08", ("r",), capacity={"cpu_milli": 8000, "memory_mib": 64}, labels={"a": "1"})
    assert snapshot.hosts[3] == Host(
        "x", (), capacity={"cpu_milli": 8000, "memory_mib": 32}, labels={"a": "1", "b": "2"}
    )
    assert snapshot.vms == (
        Vm("v", tier="low", requested={"cpu_milli": 1000, "memory_mib": 8}, host_id="x", state=VmState.RUNNING),
        Vm("w", tier="high", requested={"cpu_milli": 1000, "memory_mib": 8}, state=VmState.PENDING),
    )
    assert snapshot.domains == (FailureDomain("s", "site"), FailureDomain("r", "rack", "s"))
    assert snapshot.storage_pools[0].kind is PoolKind.SHARED


def test_a_failure_takes_everything_within_along() -> None:
    """Hosts are down and unfenced; guests displaced; those on their way fall back or are displaced."""
    after = after_failure(CLUSTER, ["rack:r1"])
    assert [(host.state, host.fencing) for host in after.hosts[:2]] == [(HostState.DOWN, FencingState.UNFENCED)] * 2
    assert after.hosts[2] == CLUSTER.hosts[2]
    assert after.vms == (
        Vm("a", host_id="h1", state=VmState.DISPLACED),
        Vm("b", host_id="h3"),
        Vm("c", host_id="h1", state=VmState.DISPLACED),
        Vm("d", host_id="h3", state=VmState.RUNNING),
    )


def test_a_drained_host_keeps_what_it_runs() -> None:
    """Only its state changes."""
    after = after_draining(CLUSTER, ["host:h1"])
    assert [host.state for host in after.hosts] == [HostState.DRAINING, HostState.UP, HostState.UP]
    assert after.vms == CLUSTER.vms


@pytest.mark.parametrize(("part", "fix"), [("rack:r2", "did you mean rack:r1?"), ("h", "write kind:id")])
def test_a_part_that_is_not_there_is_refused(part: str, fix: str) -> None:
    """With the place and a suggestion."""
    with pytest.raises(SnapshotRefusedError) as refusal:
        after_failure(CLUSTER, ["host:h1", part], "spec.cases[0].fail")
    (fault,) = refusal.value.faults
    assert fault.path == "spec.cases[0].fail[1]"
    assert fix in fault.fix


def test_fixtures_stand_for_a_limited_number() -> None:
    """A few lines may not stand for a million guests: they are counted before they are spelt out."""
    vms: dict[str, dict[str, str]] = {f"a{i}-[0-9999]": {} for i in range(100)}
    with pytest.raises(ValidationError, match="vms stand for 1000000, the limit is 20000; use a snapshot file"):
        Fixtures.model_validate({"hosts": {"h": {}}, "vms": vms})
    assert not snapshot_of(Fixtures.model_validate({"hosts": {"h[5-1]": {}}})).hosts
