"""One cluster under one policy: tiers and rights, sizes, rules, moves."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from tests.support.reading.expressions import text_of
from tests.support.reading.rules import READERS, REFUSERS, Count, Place
from tests.support.reading.words import Words
from tests.support.reading.world import (
    is_suitable,
    is_wanted,
    load,
    moves_live,
    room,
    running_on,
    share_up,
    size_now,
)
from trimtab_solver.policy.documents import Policy, RuleSpec, Switched
from trimtab_solver.rules.action_budget import ActionBudget
from trimtab_solver.rules.policy_set import PolicySet
from trimtab_solver.rules.resize import Resize
from trimtab_solver.rules.tier import EvictionAction, Tier
from trimtab_solver.snapshot import FencingState, Migratability, Snapshot, Vm, VmState

Size = dict[str, int]


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule about several guests; `tolerated` is the amount of each key in the snapshot."""

    name: str
    must: bool
    weight: int
    count: Count
    tolerated: Mapping[object, int]

    def amounts(self, place: Place) -> dict[object, int]:
        """The keys that are broken, and by how much."""
        return {key: amount for key, amount in self.count(place) if amount > 0}

    def is_worse(self, amounts: Mapping[object, int]) -> bool:
        """Whether a must key is broken by more than in the snapshot."""
        return self.must and any(amount > self.tolerated.get(key, 0) for key, amount in amounts.items())


@dataclass(frozen=True, slots=True)
class Cell:
    """A guest on a host by the rules about it alone: how many must rules it breaks, and what should rules cost."""

    broken: int
    cost: int


class Reading:
    """What everybody may, must and costs. Guests are named by id; `place` is where the running ones run now."""

    def __init__(self, snapshot: Snapshot, policy: Policy) -> None:
        self.snapshot = snapshot
        self.specs = [(d.name, d.spec) for d in policy.documents]
        for name, spec in self.specs:
            assert not isinstance(spec, Switched) or (spec.enabled and not spec.has_window), f"{name}: not read"
        self.words = Words(snapshot)
        self.hosts, self.vms = self.words.hosts, {vm.id: vm for vm in snapshot.vms}
        self.wanted = [vm for vm in snapshot.vms if is_wanted(vm)]
        self.place = {vm.id: running_on(vm) for vm in snapshot.vms if running_on(vm)}
        self.tiers = {name: spec for name, spec in self.specs if isinstance(spec, Tier)}
        self.tier_name = {vm.id: self._tier_name(vm) for vm in self.wanted}
        self.tier = {vm_id: self.tiers[name] for vm_id, name in self.tier_name.items()}
        self.cell = {(vm.id, host_id): self._cell(vm, host_id) for vm in self.wanted for host_id in self.hosts}
        self.rules = list(self._rules())
        self.moves = Moves(self)

    # --- tiers and rights --------------------------------------------------------------------------------------------

    def _tier_name(self, vm: Vm) -> str:
        """The one tier that selects the guest, else the default."""
        named = [
            name
            for name, tier in self.tiers.items()
            if (vm.tier == name if tier.select is None else self.words.selects(tier.select, vm))
        ]
        over = {name for chosen in named for name in self.tiers[chosen].overrides}
        left = [name for name in named if name not in over]
        (found,) = left or [spec.default_tier or "" for _, spec in self.specs if isinstance(spec, PolicySet)]
        return found

    def eviction(self, vm: Vm) -> EvictionAction | None:
        """How the guest may be taken down; None when it may not."""
        right = self.tier[vm.id].evict
        return right.action if right is not None and self.words.holds(right.when) else None

    def may_move(self, vm: Vm, source: str, target: str) -> bool:
        """Whether it may move between two hosts, live or cold."""
        live = moves_live(vm, self.hosts[source], self.hosts[target])
        return live or (self.tier[vm.id].allow_cold_migration and vm.migratability is not Migratability.NONE)

    def may_start(self, vm: Vm) -> bool:
        """Whether a guest that does not run may ever be started."""
        source = self.hosts.get(vm.host_id)
        lost = source is None or source.fencing is FencingState.UNFENCEABLE
        return is_wanted(vm) and not (vm.state is VmState.DISPLACED and lost)

    # --- sizes -------------------------------------------------------------------------------------------------------

    def limits(self, vm: Vm) -> dict[str, tuple[int, int]]:
        """Floor and most of each resource."""
        now = size_now(vm)
        if vm.state is VmState.MIGRATING:
            return {resource: (amount, amount) for resource, amount in now.items()}
        found = {resource: (self._floor(vm, resource), amount) for resource, amount in vm.requested.items()}
        if vm.state is VmState.RUNNING:
            for resource, amount in now.items():
                least, most = found.get(resource, (0, 0))
                found[resource] = min(least, amount), max(most, amount)
        return found

    def _floor(self, vm: Vm, resource: str) -> int:
        """The request; where it may shrink the largest of all that it is left."""
        request, resize = vm.requested[resource], self.tier[vm.id].resize
        if resize is None or not self.words.holds(resize.when):
            return request
        shares = [resize.floor.get(resource, "100%")]
        for _, spec in self.specs:
            if isinstance(spec, Resize) and self.words.selects(spec.select, vm) and self.words.holds(spec.when):
                shares.append(spec.floor.get(resource, "0%"))
        return max(vm.guaranteed.get(resource, 0), *(share_up(share, request) for share in shares))

    def load(self, vm_id: str, host_id: str, size: Mapping[str, int]) -> Size:
        """What the guest takes of the host with this size."""
        return load(self.hosts[host_id], self.tier[vm_id].no_overcommit, size)

    def loads(self, place: Place, sizes: Mapping[str, Mapping[str, int]]) -> dict[str, Size]:
        """What all hosts hold; guests on their way hold their source as well."""
        found: dict[str, Counter[str]] = {host_id: Counter() for host_id in self.hosts}
        for vm_id, host_id in place.items():
            found[host_id].update(self.load(vm_id, host_id, sizes[vm_id]))
            if self.vms[vm_id].state is VmState.MIGRATING:
                source = self.vms[vm_id].host_id
                found[source].update(self.load(vm_id, source, sizes[vm_id]))
        return {host_id: dict(amounts) for host_id, amounts in found.items()}

    def kept(self, vm_id: str, host_id: str) -> Size:
        """What the guest still takes of its first host while it runs on this one: of what is held at both ends."""
        vm = self.vms[vm_id]
        if vm.state is not VmState.RUNNING or vm.host_id == host_id:
            return {}
        now = {resource: amount for resource, amount in size_now(vm).items() if resource in self.moves.held}
        return self.load(vm_id, vm.host_id, now)

    def most(self) -> dict[tuple[str, str], int]:
        """Per host and resource what it may hold: its room, or what it holds now if that is more."""
        now = self.loads(self.place, {vm_id: size_now(self.vms[vm_id]) for vm_id in self.place})
        names = {r for vm in self.wanted for r in (*vm.requested, *vm.allocated)}
        return {(h, r): max(room(host, r), now[h].get(r, 0)) for h, host in self.hosts.items() for r in names}

    # --- rules -------------------------------------------------------------------------------------------------------

    def _cell(self, vm: Vm, host_id: str) -> Cell:
        host = self.hosts[host_id]
        broken, cost = int(not is_suitable(host, vm)), 0
        for _, spec in self.specs:
            refuses = REFUSERS.get(type(spec)) if isinstance(spec, RuleSpec) else None
            if refuses is not None and isinstance(spec, RuleSpec) and refuses(self.words, spec, vm, host):
                broken += spec.is_must
                cost += 0 if spec.is_must else spec.weight or 0
        return Cell(broken, cost)

    def may_arrive(self, vm: Vm, host_id: str) -> bool:
        """Whether an action may bring the guest to the host, whatever else runs there."""
        return not self.cell[vm.id, host_id].broken

    def _rules(self) -> Iterator[Rule]:
        for name, spec in self.specs:
            if not isinstance(spec, RuleSpec) or type(spec) in REFUSERS or isinstance(spec, Resize):
                continue
            assert type(spec) in READERS, f"the second reading knows no {type(spec).__name__} ({name})"
            count = READERS[type(spec)](self.words, spec)
            now = {key: amount for key, amount in count(self.place) if amount > 0}
            yield Rule(name, spec.is_must, spec.weight or 1, count, now)

    @property
    def exempt(self) -> set[str]:
        """Guests that break a must rule where they run, or whose host is not suitable."""
        return {vm_id for vm_id, host_id in self.place.items() if self.cell[vm_id, host_id].broken}


class Moves:
    """The budget of moves, and what moves cost beyond themselves."""

    def __init__(self, reading: Reading) -> None:
        specs = [spec for _, spec in reading.specs if isinstance(spec, ActionBudget)]
        spec = specs[0] if specs else ActionBudget()
        self.most = _most(spec, len(reading.place))
        self.most_each = spec.max_migrations_per_group
        self.weight = spec.group_weight
        self.held = spec.held_at_both_ends
        self.crossing = [(reading.words.domains(each.topology), each.cost) for each in spec.crossing]
        if spec.group_by is None:
            self.application = {vm.id: vm.group for vm in reading.wanted if vm.group}
        else:
            self.application = {vm.id: text_of(spec.group_by, vm=vm) for vm in reading.wanted}

    def disturbed(self, moved: Iterable[str]) -> int:
        """The most moved guests of one application."""
        return max(Counter(self.application[v] for v in moved if v in self.application).values(), default=0)

    def permits(self, moved: Iterable[str]) -> bool:
        """Whether so many guests may move, in all and of each application; those exempt are not among them."""
        counted = set(moved)
        return len(counted) <= self.most and (self.most_each is None or self.disturbed(counted) <= self.most_each)

    def crossings(self, source: str, target: str) -> int:
        """What the way between two hosts costs beyond the move itself."""
        return sum(cost for domains, cost in self.crossing if domains[source] != domains[target])


def _most(spec: ActionBudget, running: int) -> int:
    """A number, a share rounded down, or 2 % but at least 20."""
    most = spec.max_migrations
    if most is None:
        return max(20, running * 2 // 100)
    if isinstance(most, int):
        return most
    whole, tenth = re.fullmatch(r"(\d+)(?:\.(\d))?%", most).groups("0")  # type: ignore[union-attr]  # checked on reading
    return running * int(whole + tenth) // 1000
