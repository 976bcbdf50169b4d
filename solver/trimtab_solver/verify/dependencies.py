"""What each action depends on, directly or through others, and what it must in any case (docs/concepts.md, "Plans").

Sets of actions are Python integers: bit i stands for the action at place i of the list. That makes "depends, directly
or through others, on each of these" one operation on 20,000 bits.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from ..actions import Action, Plan
from .durations import LATEST_S
from .violation import Code, Violation

_SHOWN = 5


class Dependencies:
    """Reads the plan's dependencies, then is told in list order which guests and hosts each action is about."""

    def __init__(self, plan: Plan) -> None:
        self.length = len(plan.actions)
        self._direct: list[int] = [0]
        self._closed: list[int | None] = [0]
        self._free = 0
        """Actions that depend on nothing: no need to look behind them."""
        self._ends: list[int] = [0]
        self.faults: list[Violation] = []
        for place, action in enumerate(plan.actions, 1):
            self._read(place, action)
        self._guest: dict[str, int] = {}
        self._used: defaultdict[str, int] = defaultdict(int)

    def _read(self, place: int, action: Action) -> None:
        mask = 0
        for before in action.depends_on:
            if not 0 < before < place:
                message = f"depends on action {before}, which is not an earlier one"
                self.faults.append(Violation(place, Code.DEPENDENCY, message))
                continue
            mask |= 1 << before
            if action.earliest_start_s < min(self._ends[before], LATEST_S):
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
        if missing := self.missing(place, needed):
            yield Violation(place, Code.DEPENDENCY, f"must depend on {listed(missing)}: {why}")

    def missing(self, place: int, needed: int) -> int:
        """Those of the set on which the action at `place` does not depend."""
        missing = needed & ~self._direct[place]
        return missing & ~self.behind(place) if missing else 0

    def behind(self, place: int) -> int:
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

    def use(self, place: int, host_id: str) -> None:
        """The host holds more or less of something."""
        self._used[host_id] |= 1 << place

    def shutdown(self, place: int, host_id: str) -> Iterator[Violation]:
        """The host is switched off after all that happened on it."""
        yield from self.require(place, self._used[host_id], f"{host_id} is used until then")


def listed(actions: int) -> str:
    """The first few of a set of actions, and whether there are more."""
    shown: list[str] = []
    while actions and len(shown) < _SHOWN:
        lowest = actions & -actions
        shown.append(str(lowest.bit_length() - 1))
        actions ^= lowest
    return ", ".join(shown) + (", ..." if actions else "")
