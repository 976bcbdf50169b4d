"""The cluster while a plan is replayed: who runs where, how large, and what every rule counts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from ..placement import Placement
from ..snapshot import VmState
from .case import Case
from .levels import Levels, levels
from .scope import Cell, HostScope, ScopeTally
from .violation import Violation

Touched = tuple[int, Cell]
"""A scope, by its place in the case, and a cell of it."""


class ReplayState:
    """Starts as the snapshot. Only what an action touches is counted again."""

    __slots__ = ("_case", "_sizes", "_tallies", "guests", "place", "rooms")

    def __init__(self, case: Case) -> None:
        self._case = case
        self._tallies: dict[int, ScopeTally] = {}
        """Of the scopes that an action has touched; the others count as in the snapshot."""
        self.rooms = case.rooms()
        self.place = dict(case.place)
        self._sizes = dict(case.sizes)
        self.guests = Counter(case.place.values())
        """How many guests hold room on each host."""
        migrating = VmState.MIGRATING
        self.guests.update(vm.host_id for vm in case.snapshot.vms if vm.state is migrating)
        self.guests.update(host_id for record in case.quarantined.values() for host_id in record.hosts)

    def _tally(self, index: int) -> ScopeTally:
        tally = self._tallies.get(index)
        if tally is None:
            tally = self._tallies[index] = self._case.tallies[index].copy()
        return tally

    def size(self, vm_id: str) -> Mapping[str, int]:
        """What a running guest has."""
        return self._sizes[vm_id]

    def arrive(self, vm_id: str, host_id: str, size: Mapping[str, int]) -> list[Touched]:
        """The guest runs on the host; returns what counts differently."""
        self.place[vm_id] = host_id
        self._sizes[vm_id] = size
        for held_by in {host_id, self.rooms.first_host(vm_id) or host_id}:
            self.guests[held_by] += 1
        self.rooms.add(vm_id, host_id, size)
        touched: list[Touched] = []
        for index in self._case.scopes_of(vm_id):
            scope = self._case.scopes[index]
            cell = scope.cell(vm_id, host_id)
            if cell is not None:
                self._tally(index).add(cell)
                touched.append((index, cell))
        return touched

    def depart(self, vm_id: str) -> list[Touched]:
        """The guest runs nowhere; returns what counts differently."""
        host_id = self.place.pop(vm_id)
        size = self._sizes.pop(vm_id)
        for held_by in {host_id, self.rooms.first_host(vm_id) or host_id}:
            self.guests[held_by] -= 1
        self.rooms.remove(vm_id, host_id, size)
        touched: list[Touched] = []
        for index in self._case.scopes_of(vm_id):
            scope = self._case.scopes[index]
            cell = scope.cell(vm_id, host_id)
            if cell is not None:
                self._tally(index).remove(cell)
                touched.append((index, cell))
        return touched

    def resize(self, vm_id: str, size: Mapping[str, int]) -> None:
        """The guest has another size where it runs."""
        host_id = self.place[vm_id]
        self.rooms.remove(vm_id, host_id, self._sizes[vm_id])
        self.rooms.add(vm_id, host_id, size)
        self._sizes[vm_id] = size

    def growths(self, step: int, touched: Iterable[Touched]) -> Iterator[Violation]:
        """The must keys of what is `touched` that are broken further than in the snapshot."""
        scopes = self._case.scopes
        for index, key in dict.fromkeys((index, scopes[index].key(cell)) for index, cell in touched):
            scope = scopes[index]
            # a HostScope cannot grow without an arrival that it refuses, which is said by `Case.arrival_faults`
            if scope.is_must and not isinstance(scope, HostScope):
                amount = scope.amount(self._tally(index), key)
                if amount and (grown := self._case.growth(step, index, key, amount)):
                    yield grown

    def placement(self) -> Placement:
        """Who runs where now, and how large."""
        return Placement(dict(self.place), dict(self._sizes))

    def levels(self, stopped: set[str], suspended: set[str]) -> Levels:
        """The levels if the plan ended here."""
        case = self._case
        totals = list(case.totals)
        for index, tally in self._tallies.items():
            totals[index] = sum(case.scopes[index].amounts_of(tally).values())
        return levels(case, self.place, self._sizes, totals, self.rooms, stopped, suspended)
