"""What the selectors and expressions of a policy pick in a snapshot."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from tests.support.reading.expressions import holds, text_of
from tests.support.reading.world import domain_of, hardware_failures, is_wanted
from trimtab_solver.policy.documents import Selector
from trimtab_solver.snapshot import Host, Snapshot, StoragePool, Vm


@dataclass(frozen=True, slots=True)
class Event:
    """What expressions see as `event`."""

    hardware_failures: int


class Words:
    """Selectors, groups and failure domains of one snapshot."""

    def __init__(self, snapshot: Snapshot) -> None:
        self.snapshot = snapshot
        self.hosts = {host.id: host for host in snapshot.hosts}
        self.event = Event(hardware_failures(snapshot))

    def selects(self, selector: Selector, one: Vm | Host | StoragePool) -> bool:
        """Whether every part of the selector holds for the guest, host or pool."""
        if selector.ids is not None and one.id not in selector.ids:
            return False
        wanted = selector.match_labels or {}
        if any(one.labels.get(label) != value for label, value in wanted.items()):
            return False
        name = {Vm: "vm", Host: "host", StoragePool: "pool"}[type(one)]
        return selector.cel is None or holds(selector.cel, **{"event": self.event, name: one})

    def guests(self, selector: Selector | None) -> list[Vm]:
        """The wanted guests that are selected: all of them without a selector."""
        wanted = filter(is_wanted, self.snapshot.vms)
        return [vm for vm in wanted if selector is None or self.selects(selector, vm)]

    def groups(self, selector: Selector | None, expression: str | None) -> dict[str, set[str]]:
        """The ids of the selected guests by the text that the expression gives; all are one group without one."""
        found: defaultdict[str, set[str]] = defaultdict(set)
        for vm in self.guests(selector):
            found[text_of(expression, vm=vm) if expression is not None else ""].add(vm.id)
        return dict(found)

    def domains(self, kind: str) -> dict[str, str]:
        """The domain of a kind that each host lies in."""
        return {host_id: domain_of(self.snapshot, host, kind) for host_id, host in self.hosts.items()}

    def holds(self, condition: str) -> bool:
        """Whether a condition on the event holds."""
        return holds(condition, event=self.event)
