"""Random plans that can be carried out, some safe and some not: guests go wherever their rights let them.

Made with the reading of the tests. What no plan may do (a guest on a host that refuses it, a move beyond the budget) is
left out, so that a plan is wrong only by what happens on the way.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from dataclasses import replace

from tests.support.oracle import Oracle
from tests.support.reading.case import Reading
from tests.support.reading.world import moves_live, size_now
from tests.support.timing import timed
from trimtab_solver.actions import Action, ActionKind, Plan
from trimtab_solver.rules.tier import EvictionAction
from trimtab_solver.snapshot import FencingState, HostState, VmState

_CARE = 0.9
"""How often an action is left out whose end breaks a rule."""
_TRIES = 60


def random_plan(reading: Reading, chance: random.Random, most: int) -> Plan:
    """A plan of up to `most` actions on guests, with what they must wait for in any case and some more."""
    return _Draft(reading, chance).plan(most)


def loosened(plan: Plan, chance: random.Random, kept: float) -> Plan:
    """The plan with each dependency on other guests kept with this probability."""
    guest = {action.id: action.vm_id for action in plan.actions}
    return Plan(
        tuple(
            replace(
                a,
                depends_on=tuple(d for d in a.depends_on if guest[d] in ("", a.vm_id) or chance.random() < kept),
            )
            for a in plan.actions
        )
    )


def shuffled(plan: Plan, chance: random.Random) -> Plan:
    """The same actions in another order; who waited for what now comes later waits no more."""
    actions = list(plan.actions)
    chance.shuffle(actions)
    new = {action.id: number for number, action in enumerate(actions, 1)}
    return Plan(
        tuple(
            replace(a, id=number, depends_on=tuple(new[d] for d in a.depends_on if new[d] < number))
            for number, a in enumerate(actions, 1)
        )
    )


def bare(plan: Plan, reading: Reading) -> Plan:
    """The plan without undos, one action after the other in time."""
    return timed(reading.snapshot, Plan(tuple(replace(action, undo=None) for action in plan.actions)))


class _Draft:
    def __init__(self, reading: Reading, chance: random.Random) -> None:
        self._reading, self._chance = reading, chance
        self._oracle = Oracle(reading, restarts=True)
        self._place = dict(reading.place)
        self._size: dict[str, Mapping[str, int]] = {vm_id: size_now(reading.vms[vm_id]) for vm_id in reading.place}
        self._asleep = {vm.id for vm in reading.wanted if vm.state is VmState.SUSPENDED}
        self._moved: set[str] = set()
        self._ready: dict[str, int] = {}
        """The last action of each guest, and what has fenced or booted each host."""
        self._actions: list[Action] = []

    def plan(self, most: int) -> Plan:
        movable = [vm.id for vm in self._reading.wanted if vm.state is not VmState.MIGRATING]
        kept = self._chance.choice((0.0, 0.15, 0.4, 0.8))
        done = 0
        for _ in range(_TRIES):
            if done == most or not movable:
                break
            options = list(self._options(self._chance.choice(movable)))
            if options and self._do(self._chance.choice(options), kept):
                done += 1
        return timed(self._reading.snapshot, Plan(tuple(self._actions)))

    def _options(self, vm_id: str) -> Iterator[Action]:
        """What may be done to the guest now."""
        reading = self._reading
        vm, here = reading.vms[vm_id], self._place.get(vm_id)
        hosts = [
            host_id for host_id in reading.hosts if reading.may_arrive(vm, host_id) and self._may_count(vm_id, host_id)
        ]
        if here is None:
            kind = ActionKind.RESUME if vm_id in self._asleep else ActionKind.START
            for host_id in hosts if reading.may_start(vm) else ():
                yield Action(0, kind, vm_id, host_id, size=self._any_size(vm_id))
            return
        for host_id in hosts:
            if host_id != here and reading.may_move(vm, here, host_id):
                live = moves_live(vm, reading.hosts[here], reading.hosts[host_id])
                yield Action(0, ActionKind.MIGRATE_LIVE if live else ActionKind.MIGRATE_COLD, vm_id, here, host_id)
        if (right := reading.eviction(vm)) is not None:
            yield Action(0, ActionKind.SUSPEND if right is EvictionAction.SUSPEND else ActionKind.STOP, vm_id, here)
        size, now = self._any_size(vm_id), self._size[vm_id]
        for better in (max, min):
            changed = {r: better(amount, now.get(r, 0)) for r, amount in size.items()}
            if changed != dict(now):
                yield Action(0, ActionKind.RESIZE, vm_id, here, size=changed)

    def _may_count(self, vm_id: str, host_id: str) -> bool:
        moves = {vm_id} if self._reading.place.get(vm_id, host_id) != host_id else set[str]()
        return self._reading.moves.permits((self._moved | moves) - self._reading.exempt)

    def _any_size(self, vm_id: str) -> dict[str, int]:
        limits = self._reading.limits(self._reading.vms[vm_id])
        return {r: self._chance.choice((least, most)) for r, (least, most) in limits.items()}

    def _do(self, action: Action, kept: float) -> bool:
        """Adds the action and what has to come before it, unless care is taken and it ends in a worse state."""
        before = dict(self._place), dict(self._size)
        self._apply(action)
        if self._is_worse() and self._chance.random() < _CARE:
            self._place, self._size = before
            return False
        vm = self._reading.vms[action.vm_id]
        at = self._place.get(vm.id, "")
        needs = {self._ready[vm.id]} if vm.id in self._ready else set[int]()
        fencing = self._reading.hosts[vm.host_id].fencing if vm.state is VmState.DISPLACED else None
        if fencing is FencingState.UNFENCED and not needs:
            needs.add(self._prepared(ActionKind.FENCE_HOST, vm.host_id))
        if at and at != before[0].get(vm.id) and self._reading.hosts[at].state is HostState.STANDBY:
            needs.add(self._prepared(ActionKind.BOOT_HOST, at))
        others = {a.id for a in self._actions if self._chance.random() < kept}
        number = len(self._actions) + 1
        self._actions.append(replace(action, id=number, depends_on=tuple(sorted(needs | others))))
        self._ready[vm.id] = number
        if self._reading.place.get(vm.id, at) != at and at:
            self._moved.add(vm.id)
        if action.kind is ActionKind.SUSPEND:
            self._asleep.add(vm.id)
        elif action.kind is ActionKind.RESUME:
            self._asleep.discard(vm.id)
        return True

    def _prepared(self, kind: ActionKind, host_id: str) -> int:
        """The action that fences or boots the host; there is one of each host at most."""
        if host_id not in self._ready:
            self._ready[host_id] = len(self._actions) + 1
            self._actions.append(Action(self._ready[host_id], kind, "", host_id))
        return self._ready[host_id]

    def _apply(self, action: Action) -> None:
        vm_id = action.vm_id
        if action.kind in (ActionKind.STOP, ActionKind.SUSPEND):
            del self._place[vm_id], self._size[vm_id]
            return
        self._place[vm_id] = action.target_host_id or action.host_id
        self._size[vm_id] = action.size or self._size.get(vm_id, {})

    def _is_worse(self) -> bool:
        """Whether a must rule is broken further than in the snapshot, or a host holds more than it may."""
        reading = self._reading
        if self._oracle.group_amounts(self._place) is None:
            return True
        loads = reading.loads(self._place, self._size)
        for vm_id, host_id in self._place.items():
            for resource, amount in reading.kept(vm_id, host_id).items():
                load = loads[reading.vms[vm_id].host_id]
                load[resource] = load.get(resource, 0) + amount
        return any(amount > self._oracle.most[h, r] for h, load in loads.items() for r, amount in load.items())
