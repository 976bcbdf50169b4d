"""Makes a change to a cluster before anything fails: it happens, and the plan for it is carried out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

from ..actions import Plan
from ..execution.carry_out import after_plan
from ..prepared import Prepared, prepare, prepare_lazily
from ..rules.tier import guest_tiers
from ..scenarios.course import states
from ..scenarios.scenario import Scenario
from ..snapshot import HostState, Snapshot
from .assessing import Assessor
from .runners.runner import Assignment
from .shortage import is_proven_short
from .verdicts import ScenarioVerdict


@dataclass(frozen=True)
class Changed:
    """What has become of a cluster by a change, and the cluster with the verified plan for it carried out."""

    before: Snapshot
    verdict: ScenarioVerdict
    cluster: Assignment | None
    """None where the cluster is refused after the change."""

    @cached_property
    def not_started(self) -> tuple[str, ...]:
        """The guests that the change adds and the plan does not start."""
        if self.cluster is None:
            return ()
        old = {vm.id for vm in self.before.vms}
        return tuple(vm.id for vm in self.cluster.snapshot.vms if vm.id not in old and not vm.is_running)

    @cached_property
    def added(self) -> Mapping[str, int]:
        """By tier, how many wanted guests the change adds."""
        if self.cluster is None:
            return {}
        old = {vm.id for vm in self.before.vms}
        after = prepare_lazily(self.cluster.snapshot, self.cluster.policy, is_strict=False)
        tier_of = guest_tiers(after.selection)
        return Counter(tier_of[vm.id].name for vm in after.snapshot.vms if vm.id not in old and vm.is_wanted)

    def is_proven_short(self, tiers: Collection[str]) -> bool:
        """Whether no plan lets everybody run, of the tiers, who ran before or is added; of changes of one step."""
        if self.cluster is None or len(self.verdict.steps) > 1:
            return False
        return is_proven_short(self.verdict.last, self.cluster.policy, tiers, self.added)

    @cached_property
    def not_emptied(self) -> tuple[str, ...]:
        """The hosts that are draining, were not before, and on which guests run still."""
        if self.cluster is None:
            return ()
        before = {host.id for host in self.before.hosts if host.state is HostState.DRAINING}
        used = {place for vm in self.cluster.snapshot.vms if vm.is_running for place in (vm.host_id, vm.place)}
        hosts = (host for host in self.cluster.snapshot.hosts if host.state is HostState.DRAINING)
        return tuple(host.id for host in hosts if host.id in used - before)


class ChangePlanner:
    """Makes changes to one cluster, each by itself.

    Raises
    ------
    SnapshotRefusedError, PolicyRefusedError
        When the cluster cannot be planned for as it is.
    """

    def __init__(self, cluster: Assignment) -> None:
        self.cluster = cluster
        self._start = prepare(cluster.snapshot, cluster.policy, is_strict=False)

    @property
    def start(self) -> Prepared:
        """The cluster before any change."""
        return self._start

    def make(self, change: Scenario, *, is_searched: bool = True) -> Changed:
        """The cluster after all steps of the change, with the plan for each carried out.

        Unless `is_searched` plans only restart who is down where that is proven to lose least: they move nobody who
        could be moved, and empty no host.
        """
        cluster = self.cluster
        options = replace(cluster.options, keep_plans=True, only_losses=not is_searched)
        verdict = Assessor(self._start, options, cluster.policies).assess(change)
        if verdict.last.plan is None:
            return Changed(cluster.snapshot, verdict, None)
        plans = [step.plan or Plan() for step in verdict.steps]
        made = iter(plans)
        *_, last = states(self._start, change, lambda _: next(made), policies=cluster.policies)
        snapshot = after_plan(last.source, plans[-1])
        return Changed(cluster.snapshot, verdict, replace(cluster, snapshot=snapshot, policy=last.policy))
