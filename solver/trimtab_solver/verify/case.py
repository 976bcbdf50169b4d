"""What stays the same while a plan or a target is judged: the snapshot, the rights and the scopes."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

from ..policy.documents import Policy, RuleSpec
from ..policy.selection import Selection
from ..rules.tier import guest_tiers
from ..snapshot import FencingState, Host, Snapshot, Vm, VmState
from .action_budget import move_rules
from .counting import Counts, count_all
from .judges import Judgements, judge, still_true
from .quarantine import claims_of, readings_of
from .rights import TierRights, size_limits, size_now, tier_rights
from .room import Rooms
from .scope import CountedScope, HostScope, OrderedScope, Scope, SizeScope
from .suitability import SUITABILITY
from .violation import Code, Violation


class Case:
    """The evidence. Scopes are named by their place in `scopes`.

    Raises
    ------
    PolicyRefusedError
        When the policy cannot be evaluated on the snapshot.
    """

    def __init__(
        self, snapshot: Snapshot, policy: Policy, selection: Selection | None = None, earlier: EarlierCase | None = None
    ) -> None:
        """`earlier` spares judging and counting again what has not changed since."""
        self.snapshot = snapshot
        self.selection = Selection(policy, snapshot) if selection is None else selection
        self.vms = {vm.id: vm for vm in snapshot.vms} if earlier is None else earlier.vms()
        self.hosts = {host.id: host for host in snapshot.hosts}
        self.tiers = tier_rights(self.selection)
        self.tier: dict[str, TierRights] = {
            vm_id: self.tiers[document.name] for vm_id, document in guest_tiers(self.selection).items()
        }
        self.quarantined = {record.vm_id: record for record in self.selection.quarantined}
        """Guests that are left alone because their records make no sense."""
        self.claims = claims_of(self.selection, self.hosts, self.tier)
        """What they may hold, by host and resource."""
        self.wanted = tuple(vm.id for vm in snapshot.vms if vm.is_wanted)
        if earlier is None:
            running = [vm for vm in snapshot.vms if vm.is_running]
            self.place = {vm.id: vm.place for vm in running}
            self.sizes = {vm.id: size_now(vm) for vm in running}
        else:
            self.place, self.sizes = earlier.placement()
        self.judgements = judge(self.selection, {} if earlier is None else earlier.judgements(self.selection))
        self._read_scopes(earlier)
        self.moves = move_rules(snapshot, self.selection)
        if earlier is None:
            self._rooms = Rooms(snapshot, self.hosts, self.tier, self.moves.held, self.claims)
        else:
            self._rooms = earlier.rooms(snapshot, self.hosts, self.tier, self.moves.held)

    def _read_scopes(self, earlier: EarlierCase | None) -> None:
        """Counts all scopes; like `place` and `sizes` what is counted in the snapshot is never changed."""
        scopes = [scope for one in self.judgements.values() for scope in one.scopes]
        readings = readings_of(self.selection)
        self.scopes = (*scopes, *(scope for scope, _ in readings))
        self.also: tuple[Mapping[str, str], ...] = (*({} for _ in scopes), *(also for _, also in readings))
        """Per scope, the guests in quarantine that run in its reading, and where."""
        self.is_frozen = [False] * len(scopes) + [not also for _, also in readings]
        """Per scope, whether there are too many readings to tell: then nothing may change in it."""
        if earlier is None:
            self.counts = count_all(self.scopes, self.also, self.place)
        else:
            self.counts = earlier.counts(self.scopes, self.place)
        self.tallies = [one.tally for one in self.counts.of]
        amounts = [one.amounts for one in self.counts.of]
        self.totals = [
            0 if frozen else sum(each.values()) for each, frozen in zip(amounts, self.is_frozen, strict=True)
        ]
        """Per scope, the sum of its amounts in the snapshot."""
        self.tolerated: list[Mapping[str, int]] = [
            each if scope.is_must else {} for scope, each in zip(self.scopes, amounts, strict=True)
        ]
        """Per scope, the amount of each must key that the snapshot breaks: it may stay, not grow."""
        self.is_watched = [scope.is_must and isinstance(scope, CountedScope | OrderedScope) for scope in self.scopes]
        """Per scope, whether the order of a plan can break it."""
        self.exempt = frozenset(
            key
            for scope, amounts in zip(self.scopes, self.tolerated, strict=True)
            if isinstance(scope, HostScope)
            for key in amounts
        )
        """Guests that a must rule, or the state of their host, makes leave."""

    def scopes_of(self, vm_id: str) -> Sequence[int]:
        """The scopes that the guest is a member of, by their place in `scopes`."""
        return self.counts.by_vm.get(vm_id, ())

    def after(self, snapshot: Snapshot, selection: Selection, changed: frozenset[str]) -> Case:
        """The case of a later snapshot, with further hosts and guests after the same ones, and nobody in quarantine.

        `changed` names all variables that have another value on any guest or host, or in the event.
        """
        return Case(snapshot, selection.policy, selection, EarlierCase(self, snapshot, changed))

    def rooms(self) -> Rooms:
        """What every host holds in the snapshot; the caller may change it."""
        return self._rooms.copy()

    def rooms_when_over(self, place: Mapping[str, str], sizes: Mapping[str, Mapping[str, int]]) -> Rooms:
        """What every host holds when a plan that ends in this placement is over."""
        rooms = self.rooms()
        rooms.leave_former_hosts()
        return self._hold(rooms, place, sizes)

    def rooms_holding(self, place: Mapping[str, str], sizes: Mapping[str, Mapping[str, int]]) -> Rooms:
        """What every host holds in this placement; who has moved keeps on its first host what it must."""
        return self._hold(self.rooms(), place, sizes)

    def _hold(self, rooms: Rooms, place: Mapping[str, str], sizes: Mapping[str, Mapping[str, int]]) -> Rooms:
        """The rooms of the snapshot with those guests added up again that are elsewhere or of another size."""
        first, size_at_first = self.place, self.sizes
        changed = [
            vm_id
            for vm_id, host_id in first.items()
            if place.get(vm_id) != host_id or sizes[vm_id] is not size_at_first[vm_id]
        ]
        changed.extend(place.keys() - first.keys())
        for vm_id in changed:
            if vm_id in first:
                rooms.remove(vm_id, first[vm_id], size_at_first[vm_id])
            if vm_id in place:
                rooms.add(vm_id, place[vm_id], sizes[vm_id])
        return rooms

    def size_limits(self, vm: Vm) -> dict[str, tuple[int, int]]:
        """The least and the most the guest may have of each resource."""
        kept: dict[str, int] = {}
        for scope in self._size_scopes(vm):
            for resource, least in scope.floors[vm.id].items():
                kept[resource] = max(kept.get(resource, 0), least)
        return size_limits(vm, self.tier[vm.id], kept)

    def keepers(self, vm: Vm, resource: str, amount: int) -> list[str]:
        """The rules that leave the guest more of the resource than this."""
        return [scope.rule for scope in self._size_scopes(vm) if scope.floors[vm.id].get(resource, 0) > amount]

    def _size_scopes(self, vm: Vm) -> Iterator[SizeScope]:
        for index in self.scopes_of(vm.id):
            scope = self.scopes[index]
            if isinstance(scope, SizeScope):
                yield scope

    def arrival_faults(self, step: int, vm: Vm, host_id: str) -> list[Violation]:
        """Why no action may bring the guest to the host, whatever else runs there."""
        faults: list[Violation] = []
        for index in self.scopes_of(vm.id):
            scope = self.scopes[index]
            if not scope.refuses(vm.id, host_id):
                continue
            if scope.rule == SUITABILITY:
                code, why = (
                    Code.UNSUITABLE,
                    "the host does not take it, or lacks its storage or devices",
                )
            else:
                code, why = Code.REFUSED_HOST, f"rule {scope.rule} refuses the host"
            message = f"{vm.id} may not arrive on {host_id}: {why}{self.words(scope.rule, vm.id)}"
            faults.append(Violation(step, code, message, host_id=host_id, vm_id=vm.id, rule=scope.rule))
        return faults

    def start_fault(self, vm: Vm) -> str:
        """Why the guest, which does not run, may never be started; empty if it may."""
        if vm.id in self.quarantined:
            return f"{vm.id} is in quarantine"
        if vm.state is VmState.STOPPED:
            return f"{vm.id} is STOPPED on purpose"
        if vm.state is VmState.DISPLACED:
            source = self.hosts.get(vm.host_id)
            if source is None or source.fencing is FencingState.UNFENCEABLE:
                return f"{vm.id} was displaced from {vm.host_id}, which cannot be fenced"
        return ""

    def growth(self, step: int, index: int, key: str, amount: int) -> Violation | None:
        """The violation when the amount of a must key has grown beyond what the snapshot has."""
        tolerated = self.tolerated[index].get(key, 0)
        if amount <= tolerated:
            return None
        scope: Scope = self.scopes[index]
        where = " / ".join(part for part in (scope.label, key) if part)
        return Violation(
            step,
            Code.RULE,
            f"rule {scope.rule} is broken by {amount} at {where or 'its only key'} (at first {tolerated})"
            f"{self.words(scope.rule, scope.members[0])}",
            rule=scope.rule,
            amount=amount,
            limit=tolerated,
        )

    def words(self, rule: str, vm_id: str) -> str:
        """What the author of the rule has to say of the guest, ready to be appended."""
        for document in self.selection.policy.documents:
            spec = document.spec
            if document.name == rule and isinstance(spec, RuleSpec) and spec.message_expression is not None:
                text = self.selection.text(document, "spec.messageExpression", spec.message_expression, vm_id)
                return f": {text}" if text else ""
        return ""


class EarlierCase:
    """A case of the same cluster before something changed, asked for what of it still holds."""

    def __init__(self, case: Case, snapshot: Snapshot, changed: frozenset[str]) -> None:
        self._case, self._changed = case, changed
        # most guests are the very same objects; one that is equal may be counted again, which costs time only
        pairs = [(old, new) for old, new in zip(case.snapshot.vms, snapshot.vms, strict=False) if old is not new]
        self._before = [old for old, _ in pairs]
        self._now = [*(new for _, new in pairs), *snapshot.vms[len(case.snapshot.vms) :]]

    def vms(self) -> dict[str, Vm]:
        """The guests by id."""
        return {**self._case.vms, **{vm.id: vm for vm in self._now}}

    def placement(self) -> tuple[dict[str, str], dict[str, Mapping[str, int]]]:
        """Where those run who do, and how large."""
        place, sizes = dict(self._case.place), dict(self._case.sizes)
        for vm in self._before:
            place.pop(vm.id, None)
            sizes.pop(vm.id, None)
        running = [vm for vm in self._now if vm.is_running]
        place.update({vm.id: vm.place for vm in running})
        sizes.update({vm.id: size_now(vm) for vm in running})
        return place, sizes

    def judgements(self, selection: Selection) -> Judgements:
        """What documents whose variables have not changed are about."""
        return still_true(self._case.judgements, selection, self._changed)

    def counts(self, scopes: Sequence[Scope], place: Mapping[str, str]) -> Counts:
        """What is counted in the later snapshot."""
        return self._case.counts.after(scopes, place, {vm.id for vm in self._now})

    def rooms(
        self, snapshot: Snapshot, hosts: Mapping[str, Host], tiers: Mapping[str, TierRights], kept: Collection[str]
    ) -> Rooms:
        """What hosts hold in the later snapshot."""
        case, migrating = self._case, VmState.MIGRATING
        is_alike = len(hosts) == len(case.hosts) and kept == case.moves.held
        # what a guest takes of a host depends on its tier, but not on which rights that has just now
        are_tiers_kept = all(tiers[vm_id].name == tier.name for vm_id, tier in case.tier.items())
        if not (is_alike and are_tiers_kept) or any(vm.state is migrating for vm in (*self._before, *self._now)):
            return Rooms(snapshot, hosts, tiers, kept)
        rooms = case.rooms()
        rooms.follow(hosts, tiers, self._before, self._now)
        return rooms
