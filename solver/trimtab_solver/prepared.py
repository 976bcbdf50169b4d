"""A snapshot under a policy, checked and compiled once: what planner, verifier and explanations start from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property, partial

from .compilation import Compilation, compile_cluster
from .compilation.changes import Changes, changes
from .errors import PolicyRefusedError
from .failures import Event, event_of
from .policy.documents import Policy
from .policy.selection import Selection
from .problem import Problem
from .quarantine import Quarantined
from .rules.tier import tierless
from .snapshot import Snapshot
from .stages import Stages
from .validation import check_guests_of, check_snapshot, check_together, set_aside
from .validation.quarantine import quarantine
from .verify.case import Case

AS_WHOLE = "compiled as a whole"
BY_CHANGES = "compiled from what had changed"


@dataclass(frozen=True)
class Prepared:
    """What everything is asked of. `made` says how: `AS_WHOLE`, `BY_CHANGES`, or as a whole because of what.

    In `snapshot` guests in quarantine are switched off; `source` is the snapshot as it came.
    """

    snapshot: Snapshot
    policy: Policy
    selection: Selection
    made: str = AS_WHOLE
    known: Compilation | None = field(default=None, repr=False)
    """What came with it; else the cluster is compiled when that is first asked for."""
    as_it_came: Snapshot | None = field(default=None, repr=False)
    earlier: Callable[[], Case] | None = field(default=None, repr=False)
    """What makes the verifier's case from an earlier one."""

    @property
    def source(self) -> Snapshot:
        """The snapshot as it came."""
        return self.snapshot if self.as_it_came is None else self.as_it_came

    @property
    def quarantined(self) -> tuple[Quarantined, ...]:
        """The guests whose records make no sense."""
        return self.selection.quarantined

    @cached_property
    def compilation(self) -> Compilation:
        """The problem, and all that it was made from.

        Raises
        ------
        PolicyRefusedError
            When the policy cannot be evaluated on the snapshot, or contradicts itself.
        """
        return self.known or compile_cluster(self.snapshot, self.policy, self.selection)

    @property
    def problem(self) -> Problem:
        """The arrays that engines see. Raises as `compilation`."""
        return self.compilation.problem

    @property
    def event(self) -> Event:
        """What has happened to the cluster."""
        return self.selection.event

    @cached_property
    def case(self) -> Case:
        """What the verifier judges by, made when it is first asked for.

        Raises
        ------
        PolicyRefusedError
            When a judge cannot evaluate the policy on the snapshot.
        """
        return Case(self.snapshot, self.policy, self.selection) if self.earlier is None else self.earlier()

    def after(self, happen: Callable[[Snapshot], Snapshot]) -> Prepared:
        """The cluster after an event, as if prepared anew; only what the event changes or adds is compiled.

        That works for events that change states, places and sizes of hosts and guests, and add some after the others.
        Where hosts or guests are removed, guests switched on or off, a resource is asked for that nobody asked for, or
        other facts changed (`compilation.changes.FOLLOWED`), or the policy is refused before the event, everything is
        compiled again, and `made` says so.

        Raises
        ------
        SnapshotRefusedError, PolicyRefusedError
            As `prepare`, and whatever the event raises.
        """
        if self.quarantined:
            later = prepare(happen(self.source), self.policy, is_strict=False)
            return replace(later, made=f"{AS_WHOLE}: records are in quarantine")
        snapshot = happen(self.snapshot)
        try:
            resources = self.problem.resources
        except PolicyRefusedError:
            # what is wrong before the event need not be so after it
            return self._anew(snapshot, "the policy is refused before the event")
        event = event_of(snapshot)
        found = changes(self.snapshot, snapshot, self.event, event, resources)
        if found.obstacle:
            return self._anew(snapshot, found.obstacle)
        self._check(snapshot, found)
        selection = self.selection.after(snapshot, event, found.variables)
        compilation = self.compilation.after(snapshot, selection, found)
        earlier = None
        if "case" in self.__dict__:
            earlier = partial(self.case.after, snapshot, selection, found.variables)
        return Prepared(snapshot, self.policy, selection, BY_CHANGES, compilation, earlier=earlier)

    def _anew(self, snapshot: Snapshot, why: str) -> Prepared:
        return replace(prepare(snapshot, self.policy), made=f"{AS_WHOLE}: {why}")

    def _check(self, snapshot: Snapshot, found: Changes) -> None:
        """Checks the hosts, the guests that have changed or are new, and those on hosts that have changed."""
        hosts = {snapshot.hosts[h].id for h in found.hosts.tolist()}
        guests = {*found.guests.tolist(), *range(len(self.snapshot.vms), len(snapshot.vms))}
        if hosts:
            guests.update(i for i, vm in enumerate(snapshot.vms) if vm.host_id in hosts or vm.target_host_id in hosts)
        check_guests_of(snapshot, sorted(guests))
        if not found.variables.isdisjoint({"vm.id", "host.id", "vm.requested"}):
            check_together(snapshot, self.snapshot)


def prepare(snapshot: Snapshot, policy: Policy, stages: Stages | None = None, *, is_strict: bool = True) -> Prepared:
    """Checks and compiles; `stages` learns how long each took. `is_strict` as for `prepare_lazily`.

    Raises
    ------
    SnapshotRefusedError, PolicyRefusedError
        The input is wrong; every fault found is listed.
    """
    stages = stages or Stages()
    prepared = prepare_lazily(snapshot, policy, stages, is_strict=is_strict)
    with stages.timed("compile"):
        return replace(prepared, known=prepared.compilation)


def prepare_lazily(
    snapshot: Snapshot, policy: Policy, stages: Stages | None = None, *, is_strict: bool = True
) -> Prepared:
    """Checks the snapshot and compiles nothing yet: for the verifier, which needs no arrays.

    Unless `is_strict`, records of guests that make no sense are put in quarantine instead of refused.

    Raises
    ------
    SnapshotRefusedError, PolicyRefusedError
        The snapshot is wrong; or the policy has windows, and the time is unknown.
    """
    with (stages or Stages()).timed("check"):
        if is_strict:
            check_snapshot(snapshot)
            return Prepared(snapshot, policy, Selection(policy, snapshot))
        cleared, quarantined = set_aside(snapshot)
        selection = Selection(policy, cleared, quarantined=quarantined)
        if homeless := tierless(selection):
            cleared, more = quarantine(cleared, homeless)
            number = {vm.id: i for i, vm in enumerate(snapshot.vms)}
            quarantined = tuple(sorted((*quarantined, *more), key=lambda record: number[record.vm_id]))
            selection = Selection(policy, cleared, quarantined=quarantined)
    return Prepared(cleared, policy, selection, as_it_came=snapshot)
