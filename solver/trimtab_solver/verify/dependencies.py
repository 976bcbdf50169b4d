"""Judges `depends_on`: whether every order that it permits is safe (docs/concepts.md, "every order is safe").

Sets of actions are Python integers: bit i stands for the action at place i of the list. That makes "depends, directly
or through others, on every earlier departure from that host" one operation on 20,000 bits.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from ..actions import Action, Plan
from .case import Case
from .scope import Coupling
from .violation import Code, Violation

_SHOWN = 5


class Dependencies:
    """Reads the plan's dependencies, then is told each arrival and departure in list order."""

    def __init__(self, case: Case, plan: Plan) -> None:
        self._case = case
        self._direct: list[int] = [0]
        self._closed: list[int | None] = [0]
        self._free = 0
        """Actions that depend on nothing: no need to look behind them."""
        self._ends: list[int] = [0]
        self.faults: list[Violation] = []
        for place, action in enumerate(plan.actions, 1):
            self._read(place, action)
        self._guest: dict[str, int] = {}
        self._departed: defaultdict[str, int] = defaultdict(int)
        self._used: defaultdict[str, int] = defaultdict(int)
        self._left: defaultdict[tuple[int, str], int] = defaultdict(int)
        self._changed: defaultdict[int, int] = defaultdict(int)

    def _read(self, place: int, action: Action) -> None:
        mask = 0
        for before in action.depends_on:
            if not 0 < before < place:
                message = f"depends on action {before}, which is not an earlier one"
                self.faults.append(Violation(place, Code.DEPENDENCY, message))
                continue
            mask |= 1 << before
            if action.earliest_start_s < self._ends[before]:
                message = f"starts at {action.earliest_start_s} s, action {before} ends at {self._ends[before]} s"
                self.faults.append(Violation(place, Code.TIMING, message))
        if action.duration_s < 0 or action.earliest_start_s < 0:
            self.faults.append(Violation(place, Code.TIMING, "start and duration must not be negative"))
        if not mask:
            self._free |= 1 << place
        self._direct.append(mask)
        self._closed.append(None if mask else 0)
        self._ends.append(action.earliest_start_s + action.duration_s)

    def require(self, place: int, needed: int, why: str) -> Iterator[Violation]:
        """A violation if the action at `place` does not depend on all actions of the set `needed`."""
        missing = needed & ~self._direct[place]
        if missing:
            missing &= ~self._behind(place)
        if missing:
            shown: list[str] = []
            while missing and len(shown) < _SHOWN:
                lowest = missing & -missing
                shown.append(str(lowest.bit_length() - 1))
                missing ^= lowest
            which = ", ".join(shown) + (", ..." if missing else "")
            yield Violation(place, Code.DEPENDENCY, f"must depend on {which}: {why}")

    def _behind(self, place: int) -> int:
        """Everything the action depends on, directly or through others."""
        pending = [place]
        while pending:
            at = pending[-1]
            if self._closed[at] is not None:
                pending.pop()
                continue
            found = self._direct[at]
            rest = found & ~self._free
            while rest:
                latest = rest.bit_length() - 1
                behind = self._closed[latest]
                if behind is None:
                    pending.append(latest)
                    break
                found |= behind
                rest &= ~(behind | 1 << latest)
            else:
                self._closed[at] = found
                pending.pop()
        closed = self._closed[place]
        assert closed is not None
        return closed

    def guest(self, place: int, vm_id: str) -> Iterator[Violation]:
        """The next action of a guest."""
        yield from self.require(place, self._guest.get(vm_id, 0), f"earlier action of {vm_id}")
        self._guest[vm_id] = 1 << place

    def fill(self, place: int, host_id: str) -> Iterator[Violation]:
        """The host holds more of something."""
        yield from self.require(place, self._departed[host_id], f"room on {host_id} is freed by then")
        self._used[host_id] |= 1 << place

    def free(self, place: int, host_id: str) -> None:
        """The host holds less of something."""
        self._departed[host_id] |= 1 << place

    def shutdown(self, place: int, host_id: str) -> Iterator[Violation]:
        """The host is switched off after all that happened on it."""
        everything = self._departed[host_id] | self._used[host_id]
        yield from self.require(place, everything, f"{host_id} is used until then")

    def move(self, place: int, vm_id: str, source: str, target: str) -> Iterator[Violation]:
        """A guest leaves `source` (empty: it did not run) for `target` (empty: it stops running)."""
        if target:
            yield from self.fill(place, target)
        if source:
            self.free(place, source)
        for index in self._case.scopes_by_vm[vm_id]:
            if self._case.couplings[index] is not Coupling.NONE:
                yield from self._coupled(place, index, source, target)

    def _coupled(self, place: int, index: int, source: str, target: str) -> Iterator[Violation]:
        scope = self._case.scopes[index]
        left = scope.zone(source) if source else None
        entered = scope.zone(target) if target else None
        if left == entered:
            return
        bit = 1 << place
        match self._case.couplings[index]:
            case Coupling.CROWDING:
                if entered is not None:
                    why = f"rule {scope.rule} needs {entered} left by then"
                    yield from self.require(place, self._left[index, entered], why)
                if left is not None:
                    self._left[index, left] |= bit
            case Coupling.ORDER:
                why = f"rule {scope.rule} lets its members change one after another"
                yield from self.require(place, self._changed[index], why)
                self._changed[index] |= bit
            case Coupling.NONE:
                pass
