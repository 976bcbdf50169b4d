"""Every state in which the execution of a tiny plan can be, and what is wrong in it.

Written from docs/concepts.md ("Plans") and judged by the reading of the tests: no event, sum or flow of the verifier is
known here. An action has not begun, runs or is done; it may begin when all that it depends on is done.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from tests.support.reading.case import Reading
from tests.support.reading.world import running_on, size_now
from trimtab_solver.actions import Action, ActionKind, Plan
from trimtab_solver.snapshot import FencingState, HostState, VmState

ROOM = "(room)"
PLAN = "(plan)"
"""In place of a rule, for what is wrong with the list itself."""

Held = Counter[tuple[str, str]]
"""Load by host and resource."""
_NOWHERE = ""


@dataclass(frozen=True, slots=True)
class Harm:
    """What goes wrong: by which rule, and for a rule with several kinds of keys by which of them."""

    rule: str
    key: object
    words: str


@dataclass(frozen=True, slots=True)
class _Part:
    """An action: the places of its guest one after the other, and what the guest holds before, meanwhile and after.

    An action on a host is about no guest.
    """

    action: Action
    vm_id: str
    places: tuple[str, ...]
    holds: tuple[Held, Held, Held]


def harms(reading: Reading, plan: Plan) -> list[Harm]:
    """All that can go wrong in some execution; the list order is one of them."""
    walk = _Walk(reading, plan)
    if walk.faults:
        return [Harm(PLAN, "", words) for words in walk.faults]
    return [*_broken_rules(reading, walk.parts), *_full_hosts(reading, walk.parts)]


class _Walk:
    """Reads the list in its order: what each action does, and what is wrong whatever else happens."""

    def __init__(self, reading: Reading, plan: Plan) -> None:
        self._reading = reading
        self._place = dict(reading.place)
        self._size: dict[str, Mapping[str, int]] = {vm_id: size_now(reading.vms[vm_id]) for vm_id in reading.place}
        self._behind: dict[int, frozenset[int]] = {}
        self._last: dict[str, int] = {}
        self.faults: list[str] = []
        self.parts: list[_Part] = []
        for number, action in enumerate(plan.actions, 1):
            if action.id != number or any(not 0 < before < number for before in action.depends_on):
                self.faults.append(f"{number} waits for what does not come before it")
                return
            self._behind[number] = frozenset(action.depends_on).union(*(self._behind[d] for d in action.depends_on))
            self._read(action)
            if self.faults:
                return

    def _read(self, action: Action) -> None:
        if action.kind in (ActionKind.FENCE_HOST, ActionKind.BOOT_HOST, ActionKind.SHUTDOWN_HOST):
            self._last[action.host_id] = action.id
            nothing = Held()
            self.parts.append(_Part(action, "", ("", ""), (nothing, nothing, nothing)))
            return
        vm_id, cold = action.vm_id, action.kind is ActionKind.MIGRATE_COLD
        before, after = self._place.get(vm_id, _NOWHERE), self._goal(action)
        expected = _NOWHERE if action.kind in (ActionKind.START, ActionKind.RESUME) else action.host_id
        if before != expected:
            self.faults.append(f"{action.id}: {vm_id} is at {before or 'no host'}, not at {expected or 'no host'}")
            return
        self._check_rights(action)
        self._check_waiting(action, after if before != after else _NOWHERE)
        holds = [self._held(vm_id)]
        if action.size:
            self._size[vm_id] = action.size
        if after:
            self._place[vm_id] = after
        else:
            del self._place[vm_id]
        holds.append(self._held(vm_id))
        meanwhile = holds[0] | holds[1]  # the larger of both, place by place
        places = (before, _NOWHERE, after) if cold else (before, after)
        self.parts.append(_Part(action, vm_id, places, (holds[0], meanwhile, holds[1])))
        self._last[vm_id] = action.id

    def _goal(self, action: Action) -> str:
        match action.kind:
            case ActionKind.STOP | ActionKind.SUSPEND:
                return _NOWHERE
            case ActionKind.MIGRATE_LIVE | ActionKind.MIGRATE_COLD:
                return action.target_host_id
            case _:
                return action.host_id

    def _held(self, vm_id: str) -> Held:
        """What the guest takes of all hosts where it is now."""
        found: Held = Counter()
        if at := self._place.get(vm_id):
            for resource, amount in self._reading.load(vm_id, at, self._size.get(vm_id, {})).items():
                found[at, resource] += amount
            for resource, amount in self._reading.kept(vm_id, at).items():
                found[self._reading.vms[vm_id].host_id, resource] += amount
        return found

    def _check_rights(self, action: Action) -> None:
        """A guest is stopped or suspended only as its tier says."""
        if action.kind in (ActionKind.STOP, ActionKind.SUSPEND):
            right = self._reading.eviction(self._reading.vms[action.vm_id])
            if right is None or right.name != action.kind.name:
                self.faults.append(f"{action.id}: no right to {action.kind} {action.vm_id}")

    def _check_waiting(self, action: Action, arrives_on: str) -> None:
        """Its guest's last action; the fencing of the host that failed, and the boot of the one to run on."""
        vm, needed = self._reading.vms[action.vm_id], []
        if vm.id in self._last:
            needed.append(vm.id)
        elif vm.state is VmState.DISPLACED and self._reading.hosts[vm.host_id].fencing is not FencingState.FENCED:
            needed.append(vm.host_id)
        if arrives_on and self._reading.hosts[arrives_on].state is HostState.STANDBY:
            needed.append(arrives_on)
        self.faults += [
            f"{action.id} does not wait for {name}"
            for name in needed
            if self._last.get(name) not in self._behind[action.id]
        ]


def _stages(parts: list[_Part], counts: list[int]) -> Iterator[list[int]]:
    """How far each action can be, of so many stages: 0 not begun, the last one done; others need all behind it done."""
    at = [0] * len(parts)

    def descend(i: int) -> Iterator[list[int]]:
        if i == len(parts):
            yield at
            return
        is_ready = all(at[before - 1] == counts[before - 1] for before in parts[i].action.depends_on)
        for stage in range(counts[i] + 1 if is_ready else 1):
            at[i] = stage
            yield from descend(i + 1)
        at[i] = 0

    return descend(0)


def _broken_rules(reading: Reading, parts: list[_Part]) -> Iterator[Harm]:
    """The must rules that are broken further than in the snapshot in some state, each key once."""
    seen: set[frozenset[tuple[str, str]]] = set()
    told: set[tuple[str, object]] = set()
    musts = [rule for rule in reading.rules if rule.must]
    for at in _stages(parts, [len(part.places) - 1 for part in parts]):
        place = dict(reading.place)
        for part, stage in zip(parts, at, strict=True):
            if stage:
                place[part.vm_id] = part.places[stage]
        place = {vm_id: host_id for vm_id, host_id in place.items() if vm_id and host_id}
        state = frozenset(place.items())
        if state in seen:
            continue
        seen.add(state)
        for rule in musts:
            amounts = rule.amounts(place)
            for key, amount in amounts.items() if rule.is_worse(amounts) else ():
                if amount > rule.tolerated.get(key, 0) and (rule.name, key) not in told:
                    told.add((rule.name, key))
                    yield Harm(rule.name, key, f"{amount} with {place}")


def _full_hosts(reading: Reading, parts: list[_Part]) -> Iterator[Harm]:
    """The hosts that hold more than they may in some state, each resource once."""
    most, first = reading.most(), _loads(reading)
    told: set[tuple[str, str]] = set()
    for at in _stages(parts, [2 for _ in parts]):
        load = first.copy()
        for part, stage in zip(parts, at, strict=True):
            load.update(part.holds[stage])
            load.subtract(part.holds[0])
        for where, amount in load.items():
            if amount > most[where] and where not in told:
                told.add(where)
                yield Harm(ROOM, where, f"{where} holds {amount} of {most[where]} at {at}")


def _loads(reading: Reading) -> Held:
    """What all hosts hold in the snapshot."""
    sizes = {vm_id: size_now(reading.vms[vm_id]) for vm_id in reading.place}
    assert all(running_on(reading.vms[vm_id]) for vm_id in sizes)
    by_host = reading.loads(reading.place, sizes)
    return Counter({(host_id, r): amount for host_id, load in by_host.items() for r, amount in load.items()})
