"""Judges ActionBudget: which guests were moved, how many may be, what moves cost, and what stays behind."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from ..policy.selection import Selection
from ..rules.action_budget import budget_in_force
from ..snapshot import Snapshot
from .domains import DomainMaps

Excess = tuple[str, int, int]
"""Message, amount and limit."""


@dataclass(frozen=True, slots=True, eq=False)
class MoveRules:
    """The budget on one snapshot.

    `most` guests may move, `most_each` of one application (None: as many as there are); `application` names it for the
    guests that have one. `crossings` holds a map of host to domain and the cost of leaving the domain, `held` the
    resources that a moved guest keeps on its first host.
    """

    rule: str
    most: int
    most_each: int | None
    application: Mapping[str, str]
    group_weight: int
    crossings: tuple[tuple[Mapping[str, str], int], ...]
    held: frozenset[str]

    def crossing_cost(self, source: str, target: str) -> int:
        """What the way between two hosts costs beyond the move itself."""
        return sum(cost for domains, cost in self.crossings if domains[source] != domains[target])

    def group_cost(self, moved: Collection[str]) -> int:
        """What it costs that applications are disturbed: the largest number of moved guests of one, weighted."""
        return self.group_weight * max(self._per_application(moved).values(), default=0)

    def faults(self, counted: Collection[str]) -> Iterator[Excess]:
        """What is wrong with moving all these guests, none of them exempt."""
        if len(counted) > self.most:
            yield self._in_all(len(counted))
        if self.most_each is not None:
            for name, amount in sorted(self._per_application(counted).items()):
                if amount > self.most_each:
                    yield self._of_one(name, amount, self.most_each)

    def faults_of_next(self, moved: set[str], per_application: Counter[str], vm_id: str) -> Iterator[Excess]:
        """Adds a guest to those moved before; what is wrong with moving it as well."""
        moved.add(vm_id)
        if len(moved) > self.most:
            yield self._in_all(len(moved))
        name = self.application.get(vm_id)
        if name is not None and self.most_each is not None:
            per_application[name] += 1
            if per_application[name] > self.most_each:
                yield self._of_one(name, per_application[name], self.most_each)

    def _in_all(self, amount: int) -> Excess:
        return f"{amount} guests are moved, at most {self.most} may be", amount, self.most

    def _of_one(self, name: str, amount: int, most: int) -> Excess:
        return f"{amount} guests of application {name} are moved, at most {most} may be", amount, most

    def _per_application(self, moved: Collection[str]) -> Counter[str]:
        return Counter(self.application[vm_id] for vm_id in moved if vm_id in self.application)


def move_rules(snapshot: Snapshot, selection: Selection) -> MoveRules:
    """The rules about moves that are in force; without a document those of its defaults.

    Raises
    ------
    PolicyRefusedError
        When there are two documents, or applications cannot be told.
    """
    document, spec = budget_in_force(selection.policy)
    application: dict[str, str] = {vm.id: vm.group for vm in snapshot.vms if vm.group}
    if document is not None and spec.group_by is not None:
        # stopped guests never move: an expression that fails on one is of no account
        wanted = tuple(vm.id for vm in snapshot.vms if vm.is_wanted)
        found = selection.groups(document, "spec.groupBy", wanted, spec.group_by)
        application = {vm_id: name for name, members in found.items() for vm_id in members}
    domains = DomainMaps(selection)
    return MoveRules(
        rule=document.name if document is not None else "(default budget)",
        most=spec.migrations(sum(vm.is_running for vm in snapshot.vms)),
        most_each=spec.max_migrations_per_group,
        application=application,
        group_weight=spec.group_weight,
        crossings=tuple((domains.of(crossing.topology), crossing.cost) for crossing in spec.crossing),
        held=frozenset(spec.held_at_both_ends),
    )
