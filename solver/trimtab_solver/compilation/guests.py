"""The wanted guests of a snapshot as arrays: what no event changes, and what they are doing now."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ..policy.columns import EncodedColumn
from ..policy.documents import Policy
from ..policy.selection import Selection
from ..primitives.encoding import Bools, Index, Ints
from ..problem import NOWHERE
from ..rules.balance import Balance
from ..rules.tier import guest_tiers, ranked_tiers
from ..snapshot import Migratability, Snapshot, Vm, VmState
from .extending import extended


@dataclass(frozen=True, slots=True, eq=False)
class Guests:
    """What stays. Shapes: `tier` (place among `ranked_tiers`), `live`, `movable` [V]; `requested`, `guaranteed` [V, R].

    Guest v is the ``numbers[v]``-th of the snapshot; `groups` gives the application group of each, by id.
    """

    ids: tuple[str, ...]
    index: Mapping[str, int]
    numbers: Ints
    groups: Mapping[str, str]
    resources: tuple[str, ...]
    tier: Index
    live: Bools
    movable: Bools
    requested: Ints
    guaranteed: Ints

    @property
    def move_cost(self) -> Ints:
        """What a live migration costs [V]: the memory."""
        if "memory_mib" not in self.resources:
            return np.ones(len(self.ids), dtype=np.int64)
        return np.maximum(1, self.requested[:, self.resources.index("memory_mib")])

    def extended(self, more: Guests) -> Guests:
        """With guests that come after them."""
        first = len(self.ids)
        return replace(
            extended(self, more),
            ids=(*self.ids, *more.ids),
            index={**self.index, **{vm_id: first + v for v, vm_id in enumerate(more.ids)}},
            groups={**self.groups, **more.groups},
        )

    def resized(self, at: Ints, vms: Sequence[Vm]) -> Guests:
        """With what these guests request now; `vms` are those at `at` [n]."""
        requested, guaranteed = self.requested.copy(), self.guaranteed.copy()
        requested[at] = size_matrix([vm.requested for vm in vms], self.resources)
        guaranteed[at] = size_matrix([vm.guaranteed for vm in vms], self.resources)
        return replace(self, requested=requested, guaranteed=guaranteed)


@dataclass(frozen=True, slots=True, eq=False)
class Doings:
    """What guests are doing now. Shapes: `running`, `migrating`, `displaced` [V], `allocated` [V, R].

    `place` [V] is the host that a guest runs on (`NOWHERE`: on none), `source` [V] the one that the snapshot names.
    """

    running: Bools
    migrating: Bools
    displaced: Bools
    place: Index
    source: Index
    allocated: Ints

    def after(self, at: Ints, later: Doings) -> Doings:
        """With what the guests at `at` [n] are doing later."""
        return Doings(
            _with(self.running, at, later.running),
            _with(self.migrating, at, later.migrating),
            _with(self.displaced, at, later.displaced),
            _with(self.place, at, later.place),
            _with(self.source, at, later.source),
            _with(self.allocated, at, later.allocated),
        )


def read_guests(numbered: Sequence[tuple[int, Vm]], resources: tuple[str, ...], selection: Selection) -> Guests:
    """What stays of those of the guests that are wanted; `numbered` gives their places in the snapshot.

    Raises
    ------
    PolicyRefusedError
        When a guest has no tier or two.
    """
    numbers = [i for i, vm in numbered if vm.is_wanted]
    vms = [vm for _, vm in numbered if vm.is_wanted]
    tier_number = {document.name: t for t, (document, _) in enumerate(ranked_tiers(selection))}
    tier_of = guest_tiers(selection)
    ids = tuple(vm.id for vm in vms)
    moving = [vm.migratability for vm in vms]
    return Guests(
        ids=ids,
        index={vm_id: v for v, vm_id in enumerate(ids)},
        numbers=np.array(numbers, dtype=np.int64),
        groups={vm.id: vm.group for vm in vms},
        resources=resources,
        tier=np.array([tier_number[tier_of[vm_id].name] for vm_id in ids], dtype=np.int32),
        live=_are(moving, Migratability.LIVE),
        movable=~_are(moving, Migratability.NONE),
        requested=size_matrix([vm.requested for vm in vms], resources),
        guaranteed=size_matrix([vm.guaranteed for vm in vms], resources),
    )


def wanted(vms: Iterable[Vm]) -> list[Vm]:
    """Those of the guests that arrays have."""
    return [vm for vm in vms if vm.is_wanted]


def resources_of(snapshot: Snapshot, policy: Policy) -> tuple[str, ...]:
    """What wanted guests ask for, and what the policy balances, by name; at least one resource."""
    named = {r for vm in wanted(snapshot.vms) for r in vm.requested}
    for _, spec in policy.of(Balance):
        named.update(spec.resources())
    return tuple(sorted(named or [min(snapshot.hosts[0].capacity)]))


def read_doings(vms: Sequence[Vm], hosts: Mapping[str, int], requested: Ints, resources: tuple[str, ...]) -> Doings:
    """What guests with these requests [V, R] are doing; `hosts` numbers the hosts by id."""
    allocated = requested.copy()
    for v, vm in enumerate(vms):
        if vm.allocated:
            allocated[v] = [vm.allocated.get(r, vm.requested.get(r, 0)) for r in resources]
    states = [vm.state for vm in vms]
    migrating, running = _are(states, VmState.MIGRATING), _are(states, VmState.RUNNING)
    source = np.array([hosts.get(vm.host_id, NOWHERE) for vm in vms], dtype=np.int32)
    place = np.where(running, source, NOWHERE).astype(np.int32)
    for v in np.flatnonzero(migrating).tolist():
        place[v] = hosts[vms[v].target_host_id]
    return Doings(
        running=running | migrating,
        migrating=migrating,
        displaced=_are(states, VmState.DISPLACED),
        place=place,
        source=source,
        allocated=allocated,
    )


def size_matrix(amounts: list[Mapping[str, int]], resources: tuple[str, ...]) -> Ints:
    """One integer per guest and resource [V, R], 0 where not named."""
    # guests of one size mostly share one mapping, which is read once then
    column = EncodedColumn.of_objects(amounts, len(amounts))
    rows = [[one.get(r, 0) for r in resources] for one in column.distinct]
    return np.array(rows, dtype=np.int64).reshape(len(rows), len(resources))[column.number]


def _are(values: Sequence[object], value: object) -> Bools:
    """Which of the values [n] are that very one."""
    return np.array([one is value for one in values], dtype=np.bool_)


def _with(values: np.ndarray[Any, Any], at: Ints, later: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    changed = values.copy()
    changed[at] = later
    return changed
