"""Who runs where while guests come and go, and whether the next step is still safe."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from .primitives.disruption import MoveTally
from .primitives.encoding import Bools, Index, Ints
from .primitives.group import GroupTally
from .problem import NOWHERE, Problem


class Occupancy:
    """A changing placement of a problem's guests, starting from the present one.

    Room and must rules are judged against what the present placement already breaks: that is tolerated, never worsened.
    Attributes: `place` [V], `sizes` [V, R], `usage` [H, R] (in the units of `Capacity`).
    """

    def __init__(self, problem: Problem, sizes: Ints) -> None:
        self.problem = problem
        self.place = problem.current.copy()
        self.sizes = sizes.copy()
        self.usage = problem.capacity.usage(self.place, self.sizes)
        self.ceiling = problem.capacity.ceiling
        self._moves = MoveTally(problem.disruption)
        self._keeps = bool(problem.capacity.transient.any())
        self._tallies: dict[int, GroupTally] = {}

    def _tally(self, i: int) -> GroupTally:
        """The tally of group `i`, made when first needed and then kept up to date."""
        tally = self._tallies.get(i)
        if tally is None:
            problem = self.problem
            tally = problem.groups[i].tally(problem.current)
            for v in problem.groups[i].guests.tolist():
                if self.place[v] != problem.current[v]:
                    if problem.current[v] != NOWHERE:
                        tally.leave(v, int(problem.current[v]))
                    if self.place[v] != NOWHERE:
                        tally.enter(v, int(self.place[v]))
            self._tallies[i] = tally
        return tally

    def _groups(self, v: int, must: bool) -> list[int]:
        return [i for i in self.problem.groups_of.get(v, ()) if self.problem.groups[i].must is must]

    def take(self, v: int) -> int:
        """Removes a running guest; returns where it was."""
        h = int(self.place[v])
        for i in self.problem.groups_of.get(v, ()):
            self._tally(i).leave(v, h)
        self.usage[h] -= self.problem.capacity.load_at(v, h, self.sizes[v])
        if self._is_away(v, h):
            self._keep(v, -1)
        self.place[v] = NOWHERE
        return h

    def put(self, v: int, h: int) -> None:
        """Runs an absent guest on a host, at its size in `sizes`."""
        for i in self.problem.groups_of.get(v, ()):
            self._tally(i).enter(v, h)
        self.usage[h] += self.problem.capacity.load_at(v, h, self.sizes[v])
        if self._is_away(v, h):
            self._keep(v, 1)
        self.place[v] = h

    def _is_away(self, v: int, h: int) -> bool:
        """Whether the guest runs at the start, and not on `h`."""
        return int(self.problem.current[v]) not in (NOWHERE, h)

    def _keep(self, v: int, sign: int) -> None:
        """Holds (or frees) what the guest keeps on its first host, and counts it as moved (or not)."""
        if self._keeps:
            self.usage[self.problem.current[v]] += sign * self.problem.capacity.left_behind(v)
        self._moves.add(v, sign)

    def go_to(self, place: Index) -> None:
        """Brings every guest to where it runs in `place` [V], safe or not; sizes stay as they are."""
        changed = np.flatnonzero(self.place != place).tolist()
        for v in changed:
            if self.place[v] != NOWHERE:
                self.take(v)
        for v in changed:
            if place[v] != NOWHERE:
                self.put(v, int(place[v]))

    def resize(self, v: int, size: Ints) -> None:
        """Changes the size of a guest where it runs."""
        h = int(self.place[v])
        self.usage[h] += self.problem.capacity.load_at(v, h, size - self.sizes[v])
        self.sizes[v] = size

    def admits(self, v: int) -> Bools | None:
        """Per host [H], whether all must groups allow the absent guest there; None: everywhere."""
        mask: Bools | None = None
        for _, part in self.refusing_groups(v):
            mask = part if mask is None else mask & part
        return mask

    def admits_at(self, v: int, h: int) -> bool:
        """What `admits` says of one host."""
        return all(self._tally(i).admits_at(v, h) for i in self._groups(v, must=True))

    def admits_absence(self, v: int) -> bool:
        """Whether all must groups of the guest allow the state as it is (call it after `take`)."""
        return all(self._tally(i).admits_absence() for i in self._groups(v, must=True))

    def groups_refusing_absence(self, v: int) -> list[int]:
        """The must groups of the guest that do not allow the state as it is (call it after `take`)."""
        return [i for i in self._groups(v, must=True) if not self._tally(i).admits_absence()]

    def refusing_groups(self, v: int) -> list[tuple[int, Bools]]:
        """The must groups that do not admit the absent guest everywhere, with the hosts [H] where they do."""
        found = []
        for i in self._groups(v, must=True):
            part = self._tally(i).admits(v)
            if part is not None:
                found.append((i, part))
        return found

    def penalty(self, v: int) -> Ints:
        """Per host [H], what the absent guest would add to the level of should rules there."""
        problem = self.problem
        total: Ints = problem.allowed.penalty[problem.allowed.class_of[v]] + problem.attraction.row(v)
        for i in self._groups(v, must=False):
            part = self._tally(i).penalty(v)
            if part is not None:
                total += part * problem.groups[i].weight
        return total

    def inherited(self, v: int) -> Ints:
        """Per host [H], what the absent guest would add to the level of inherited breaches there."""
        problem = self.problem
        total: Ints = problem.allowed.breach[problem.allowed.class_of[v]].astype(np.int64)
        for i in self._groups(v, must=True):
            part = self._tally(i).penalty(v)
            if part is not None:
                total += part
        return total

    def group_penalties(self, v: int) -> Iterator[tuple[int, Ints]]:
        """Each group that breaks further somewhere with the absent guest, and per host [H] by how much."""
        for i in self.problem.groups_of.get(v, ()):
            part = self._tally(i).penalty(v)
            if part is not None:
                yield i, part

    def fits(self, v: int, h: int, size: Ints) -> bool:
        """Whether an absent guest of that size stays within what host `h` may hold, and its first host as well."""
        return self.has_room(v, h, size) and (not self._is_away(v, h) or self.may_leave(v))

    def has_room(self, v: int, h: int, size: Ints) -> bool:
        """Whether host `h` may hold a guest of that size on top of what it holds."""
        load = self.problem.capacity.load_at(v, h, size)
        return bool(((self.usage[h] + load <= self.ceiling[h]) | (load == 0)).all())

    def hosts_with_room(self, v: int, size: Ints) -> Bools:
        """What `has_room` says, per host [H]."""
        load = self.problem.capacity.load_of(v, size)
        return np.asarray(((self.usage + load <= self.ceiling) | (load == 0)).all(axis=1))

    def may_leave(self, v: int) -> bool:
        """Whether what the absent guest would keep on its first host, were it to run elsewhere, has room there."""
        if not self._keeps:
            return True
        kept = self.problem.capacity.left_behind(v)
        first = self.problem.current[v]
        return bool(((self.usage[first] + kept <= self.ceiling[first]) | (kept == 0)).all())

    def may_move(self, v: int) -> bool:
        """Whether the absent guest may run elsewhere than at the start, given how many others do."""
        return self._moves.admits(v)
