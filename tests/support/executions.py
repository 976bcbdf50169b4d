"""Random executions of a plan as far as its dependencies permit, actions overlapping, and the harm they do."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from trimtab_solver.actions import Action, ActionKind, Plan
from trimtab_solver.execution.carry_out import Execution, UnfitActionError
from trimtab_solver.execution.progress import ActionProgress
from trimtab_solver.placement import Placement, placement_of
from trimtab_solver.verify.case import Case
from trimtab_solver.verify.room import Rooms, held


@dataclass(slots=True)
class _Cluster:
    """A cluster while actions overlap; `moving` holds migrations that have begun, with the sizes of their guests."""

    case: Case
    execution: Execution
    moving: dict[int, tuple[Action, Mapping[str, int]]] = field(default_factory=dict)

    def begin(self, action: Action) -> None:
        """A guest that moves live counts at its target from the beginning, one that moves cold nowhere until it ends.

        Both hold room at both ends until then.
        """
        if action.kind.moves:
            self.moving[action.id] = action, placement_of(self.execution.snapshot()).sizes[action.vm_id]
        is_live = action.kind is ActionKind.MIGRATE_LIVE
        self.execution.record(action, ActionProgress.DONE if is_live else ActionProgress.BEGUN)

    def end(self, action: Action) -> None:
        """Departures give up their room."""
        self.moving.pop(action.id, None)
        if action.kind is not ActionKind.MIGRATE_LIVE:
            self.execution.record(action)

    def harm(self) -> Iterator[str]:
        """What is worse now than in the snapshot, room and must rules."""
        case, now = self.case, placement_of(self.execution.snapshot())
        rooms = case.rooms()
        rooms.hold(now.hosts, now.sizes)
        for action, size in self.moving.values():
            self._add_what_is_held_on_the_way(rooms, now, action, size)
        away = {vm_id for vm_id, host_id in case.place.items() if now.hosts.get(vm_id, host_id) != host_id}
        yield from (message for message, _, _ in case.moves.faults(away - case.exempt))
        yield from (f"no room on {host_id}" for host_id in case.hosts if list(rooms.excess(host_id)))
        for index, scope in enumerate(case.scopes):
            if scope.is_must:
                for key, amount in scope.amounts(now.hosts).items():
                    if amount > case.tolerated[index].get(key, 0):
                        yield f"rule {scope.rule} broken by {amount} at {key}"

    def _add_what_is_held_on_the_way(
        self, rooms: Rooms, now: Placement, action: Action, size: Mapping[str, int]
    ) -> None:
        """On its way a guest holds everywhere the more of what it held before and what it will hold."""
        case, vm_id = self.case, action.vm_id
        counted = dict(rooms.parts(vm_id, now.hosts[vm_id], size)) if vm_id in now.hosts else {}
        ends = [dict(rooms.parts(vm_id, host_id, size)) for host_id in (action.host_id, action.target_host_id)]
        for host_id in {host_id for end in ends for host_id in end}:
            most = {r: max(end.get(host_id, {}).get(r, 0) for end in ends) for r in size}
            more = {r: max(0, amount - counted.get(host_id, {}).get(r, 0)) for r, amount in most.items()}
            for resource, amount in held(case.hosts[host_id], case.tier[vm_id], more).items():
                rooms.loads[host_id][resource] = rooms.loads[host_id].get(resource, 0) + amount


def harm_in(case: Case, plan: Plan, chance: random.Random, executions: int) -> list[str]:
    """The first harm that any of the random executions does; empty if none does."""
    for _ in range(executions):
        found = _execute(case, plan, chance)
        if found:
            return found
    return []


def _execute(case: Case, plan: Plan, chance: random.Random) -> list[str]:
    cluster = _Cluster(case, Execution(case.snapshot))
    waiting = {action.id: action for action in plan.actions}
    active: dict[int, Action] = {}
    done: set[int] = set()
    parallel = chance.randint(1, 4)
    while waiting or active:
        ready = [action for action in waiting.values() if done.issuperset(action.depends_on)]
        if active and (not ready or len(active) >= parallel or chance.random() < 0.5):
            action = active.pop(chance.choice(sorted(active)))
            cluster.end(action)
            done.add(action.id)
        else:
            action = waiting.pop(chance.choice(ready).id)
            try:
                cluster.begin(action)
            except UnfitActionError as unfit:
                return [f"{unfit} after {sorted(done)}"]
            active[action.id] = action
        if found := list(cluster.harm()):
            return [f"{what} around action {action.id} after {sorted(done)}" for what in found]
    return []
