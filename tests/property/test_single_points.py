"""Single points of failure of random tiny clusters, next to letting each part fail."""

from __future__ import annotations

import pytest

from tests.support.seeds import assert_checked, chunks, named
from tests.support.strategies import tiny_cluster
from trimtab_solver.execution.parts import Parts
from trimtab_solver.policy.documents import Policy
from trimtab_solver.prepared import prepare
from trimtab_solver.scenarios.course import happen
from trimtab_solver.scenarios.generation import loss
from trimtab_solver.snapshot import PoolKind, Snapshot
from trimtab_solver.what_if.single_points import Exposure, single_points


def _fallen(snapshot: Snapshot, policy: Policy, part: str) -> set[str]:
    """The applications of several running guests of which none runs when the part fails."""
    before: dict[str, int] = {}
    for vm in snapshot.vms:
        if vm.group and vm.is_running:
            before[vm.group] = before.get(vm.group, 0) + 1
    after = {vm.group for vm in happen(snapshot, policy, loss([part])).vms if vm.is_running}
    return {group for group, number in before.items() if number > 1 and group not in after}


@pytest.mark.parametrize("seeds", chunks(0.2, first=8_100_000), ids=named)
def test_applications_fall_with_the_parts_that_are_named_and_with_no_others(seeds: range) -> None:
    """A part is named for an application, or has a part within it that is, exactly when nobody of it is left."""
    checked = 0
    for seed in seeds:
        snapshot, policy = tiny_cluster(seed, max_hosts=4, max_vms=6)
        start = prepare(snapshot, policy)
        found = [point for point in single_points(start) if point.exposure is Exposure.WHOLE_GROUP]
        parts = Parts(snapshot)
        mirrored = {f"pool:{pool.id}" for pool in snapshot.storage_pools if pool.kind is PoolKind.MIRRORED}
        for part in (*parts.hosts, *parts.pools.keys() - mirrored):
            within = {
                point.part
                for point in found
                if point.part == part or parts.hosts.get(point.part, {part}) <= parts.hosts.get(part, frozenset())
            }
            told = {group for point in found if point.part in within for group in point.subjects}
            assert told == _fallen(snapshot, policy, part), (seed, part)
            checked += len(told)
    assert_checked(checked, seeds, 0.2)
