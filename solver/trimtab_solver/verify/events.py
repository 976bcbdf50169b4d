"""Judges every order that a plan permits, by the events of its actions (docs/concepts.md, "Plans").

The replay tells each event in list order. When all are known, each sum that can get too large is judged over all closed
sets of its events, and of every other key whether what raises it waits for what lowers it, or sums keep it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise

from .case import Case
from .closure import heaviest_closed_set
from .dependencies import Dependencies, listed
from .quarantine import unclear
from .room import Load, Rooms
from .scope import Cell, Change, CountedScope, Key, OrderedScope, Part, Safeguard, Sum
from .violation import Code, Violation

Touched = tuple[int, Cell]
"""A scope, by its place in the case, and a cell of it."""


@dataclass(frozen=True, slots=True)
class _Breach:
    """A closed set in which a sum is too large: the action that may begin too early, and those it may begin before."""

    place: int
    missing: int
    amount: int


class Events:
    """What each action of a plan changes; `case` and `rooms` are those of the replay, and the rooms change with it."""

    def __init__(self, case: Case, rooms: Rooms, dependencies: Dependencies) -> None:
        self._case, self._rooms, self._dependencies = case, rooms, dependencies
        self._of_host: defaultdict[str, list[tuple[int, Load]]] = defaultdict(list)
        """Per host in list order the actions that take or give back, and by how much."""
        self._of_scope: defaultdict[int, list[Change]] = defaultdict(list)

    def hold(self, place: int, before: Mapping[str, Load]) -> list[str]:
        """After the action the hosts may hold something else than `before`; returns those that hold more."""
        filled = []
        for host_id, held in before.items():
            now = self._rooms.loads[host_id]
            more = {resource: by for resource, amount in now.items() if (by := amount - held.get(resource, 0))}
            if more:
                self._of_host[host_id].append((place, more))
                if max(more.values()) > 0:
                    filled.append(host_id)
        return filled

    def change(self, place: int, left: Iterable[Touched], entered: Iterable[Touched]) -> None:
        """A guest no longer counts in the cells that it `left`, and does in those `entered`."""
        watched, before = self._case.is_watched, dict(left)
        for index, cell in entered:
            old = before.pop(index, None)
            if watched[index] and old != cell:
                self._of_scope[index].append(Change(place, old, cell))
        for index, cell in before.items():
            if watched[index]:
                self._of_scope[index].append(Change(place, cell, None))

    def faults(self) -> Iterator[Violation]:
        """What is not safe in some order; what is wrong in list order as well is told by the replay alone."""
        for host_id, held in self._of_host.items():
            yield from self._overfilled(host_id, held)
        for index, changes in self._of_scope.items():
            scope = self._case.scopes[index]
            if self._case.is_frozen[index]:
                yield unclear(changes[0].step, scope)
            elif isinstance(scope, CountedScope):
                yield from self._exceeded(index, scope, changes)
            elif isinstance(scope, OrderedScope):
                yield from self._raised_too_early(index, scope, changes)

    # --- counted keys ------------------------------------------------------------------------------------------------

    def _overfilled(self, host_id: str, held: Sequence[tuple[int, Load]]) -> Iterator[Violation]:
        """Where the host may come to hold more than it may."""
        taken: defaultdict[str, int] = defaultdict(int)
        for _, more in held:
            for resource, amount in more.items():
                if amount > 0:
                    taken[resource] += amount
        for resource, amount in taken.items():
            first, limit = self._rooms.at_first(host_id, resource), self._rooms.limit(host_id, resource)
            if first + amount <= limit:
                continue
            row = [(place, more[resource]) for place, more in held if resource in more]
            if breach := self._breach(row, first, limit):
                load = -(-breach.amount // 100)
                message = (
                    f"may begin before {listed(breach.missing)}: {host_id} would hold {load} {resource}, "
                    f"it may hold {limit // 100}"
                )
                yield Violation(breach.place, Code.DEPENDENCY, message, host_id=host_id, resource=resource)

    def _exceeded(self, index: int, scope: CountedScope, changes: Sequence[Change]) -> Iterator[Violation]:
        """Where the rule may come to be broken further than in the snapshot."""
        if self._is_in_list_order(changes):
            return
        tally, rows = self._case.tallies[index], _Rows(changes)
        most_of: dict[int, int] = {}
        for total in scope.sums(tally, changes, self._case.tolerated[index]):
            if total.elsewhere and self._fits_in_parts(total, tally.total, rows, most_of):
                continue
            if breach := self._breach(rows.of(total), total.start, total.limit):
                where = " / ".join(part for part in (scope.label, total.key) if part)
                message = f"may begin before {listed(breach.missing)}: rule {scope.rule} would be broken"
                message += f" at {where}" if where else ""
                yield Violation(breach.place, Code.DEPENDENCY, message, rule=scope.rule)

    def _fits_in_parts(self, total: Sum, members: int, rows: _Rows, most_of: dict[int, int]) -> bool:
        """Whether the most that all members add, and the most that those in its cells add beyond, are within the limit.

        `members` run in the snapshot. The first is the same for many sums: `most_of` keeps it by what each member adds.
        """
        each = total.elsewhere
        if each not in most_of:
            everybody = total._replace(weights={}, start=each * members)
            most_of[each] = everybody.start + self._highest(rows.of(everybody))
        weights = {cell: weight - each for cell, weight in total.weights.items()}
        inside = total._replace(weights=weights, elsewhere=0, start=total.start - each * members)
        return most_of[each] + inside.start + self._highest(rows.of(inside)) <= total.limit

    def _highest(self, row: Sequence[tuple[int, int]]) -> int:
        """The most that events of a closed set add."""
        if self._waits_for_all(row):
            return max(accumulate((by for _, by in row), initial=0))
        return self._heaviest(row)[0]

    def _heaviest(self, row: Sequence[tuple[int, int]]) -> tuple[int, dict[int, int], int]:
        """The most that events of a closed set add, what each event needs of those that take, and what all need."""
        bits = self._bits(row)
        costs = {bit: -by for bit, (_, by) in zip(bits, row, strict=True) if by < 0}
        needs = self._needs(row, bits, sum(1 << bit for bit in costs))
        amount, needed = heaviest_closed_set([(row[i][1], behind) for i, behind in needs.items()], costs)
        return amount, needs, needed

    def _breach(self, row: Sequence[tuple[int, int]], start: int, limit: int) -> _Breach | None:
        """A closed set of events whose sum is above the limit and above that of the list order; None if there is none.

        `row` has the places of actions and what each event adds, in list order.
        """
        if start + sum(by for _, by in row if by > 0) <= limit:
            return None
        if self._waits_for_all(row):
            return None
        amount, needs, needed = self._heaviest(row)
        if start + amount <= max(limit, start + max(accumulate(by for _, by in row))):
            return None
        last = max(i for i, behind in needs.items() if not behind & ~needed)
        bits = zip(self._bits(row[:last]), row, strict=False)
        spared = {place for bit, (place, by) in bits if by < 0 and not needed >> bit & 1}
        return _Breach(row[last][0], sum(1 << place for place in spared), start + amount)

    def _is_in_list_order(self, changes: Sequence[Change]) -> bool:
        """Whether each change comes after the one before, so that the replay has seen all that can be."""
        steps = dict.fromkeys(change.step for change in changes)
        return not any(self._dependencies.missing(step, 1 << before) for before, step in pairwise(steps))

    def _bits(self, row: Sequence[tuple[int, int]]) -> list[int]:
        """A bit for each event: the place of its action, or so much higher for the second one of an action."""
        second = self._dependencies.length + 1
        return [place + second * (i > 0 and row[i - 1][0] == place) for i, (place, _) in enumerate(row)]

    def _needs(self, row: Sequence[tuple[int, int]], bits: Sequence[int], taking: int) -> dict[int, int]:
        """Per event that adds those that take and are in every closed set with it."""
        second = self._dependencies.length + 1
        first, other = taking & (1 << second) - 1, taking >> second
        needs: dict[int, int] = {}
        for i, (place, by) in enumerate(row):
            if by > 0:
                behind = self._dependencies.behind(place)
                # the second event of an action comes after its first
                own = 1 << place & first if bits[i] > place else 0
                needs[i] = behind & first | (behind & other) << second | own
        return needs

    def _waits_for_all(self, row: Sequence[tuple[int, int]]) -> bool:
        """Whether each event that adds comes after all earlier ones that take: then no order is worse than the list."""
        taking = 0
        for place, by in row:
            if by < 0:
                taking |= 1 << place
            elif self._dependencies.missing(place, taking & ~(1 << place)):
                return False
        return True

    # --- other keys --------------------------------------------------------------------------------------------------

    def _raised_too_early(self, index: int, scope: OrderedScope, changes: Sequence[Change]) -> Iterator[Violation]:
        """Where something raises a key that no sums keep, and does not wait for all that lowers it before."""
        tally, rows = self._case.tallies[index], _Rows(changes)
        lowering: defaultdict[Part, int] = defaultdict(int)
        is_kept: dict[Key, bool] = {}
        for change, effect in zip(changes, scope.effects(tally, changes), strict=True):
            here = 1 << change.step
            for part in effect.raised:
                key = part[0]
                if is_kept.get(key):
                    continue
                if missing := self._dependencies.missing(change.step, lowering[part] & ~here):
                    if key not in is_kept:
                        is_kept[key] = any(self._holds(guard, rows) for guard in scope.safeguards(tally, changes, key))
                    if not is_kept[key]:
                        where = " / ".join(part for part in (scope.label, key) if part)
                        message = f"must depend on {listed(missing)}: rule {scope.rule} may be broken"
                        message += f" at {where} until then" if where else " until then"
                        yield Violation(change.step, Code.DEPENDENCY, message, rule=scope.rule)
            for part in effect.lowered:
                lowering[part] |= here

    def _holds(self, guard: Safeguard, rows: _Rows) -> bool:
        """Whether enough of the sums are within their limits in every closed set."""
        kept, spare = 0, len(guard.sums) - guard.least
        for total in guard.sums:
            if kept >= guard.least or spare < 0:
                break
            row = rows.of(total)
            highest = total.start + max(accumulate((by for _, by in row), initial=0))
            if highest <= total.limit and self._breach(row, total.start, total.limit) is None:
                kept += 1
            else:
                spare -= 1
        return kept >= guard.least


class _Rows:
    """The changes of a scope, and which of them touch each cell."""

    def __init__(self, changes: Sequence[Change]) -> None:
        self._changes = changes
        self._of_cell: defaultdict[Cell | None, list[int]] = defaultdict(list)
        for i, change in enumerate(changes):
            self._of_cell[change.left].append(i)
            self._of_cell[change.entered].append(i)

    def of(self, total: Sum) -> list[tuple[int, int]]:
        """The places of the actions that change the sum, and by how much, in list order."""
        if total.elsewhere:
            touching: Iterable[Change] = self._changes
        else:
            touching = (self._changes[i] for i in sorted({i for cell in total.weights for i in self._of_cell[cell]}))
        row = ((step, total.weight(entered) - total.weight(left)) for step, left, entered in touching)
        return [(step, by) for step, by in row if by]
