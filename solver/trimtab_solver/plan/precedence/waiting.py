"""Walks through steps in list order and finds what each must wait for."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import chain

from ...actions import ActionKind
from ...primitives.transits import CountedKey, DirectedEvent, DirectedKey
from ...problem import Problem
from ..facts import Facts
from ..steps import NO_VM, Step
from ..timing import Slots
from .account import Account
from .direction import Direction
from .room import room_keys
from .rules import rule_keys

_Accounts = defaultdict[int, list[tuple[Account, int, int]]]
"""Per step the sums that it changes, what it adds to each and what it takes from it."""
_Directions = defaultdict[int, list[tuple[Direction, DirectedEvent]]]
"""Per step the keys that it raises or lowers."""


def find_precedence(facts: Facts, problem: Problem, steps: Sequence[Step], durations: Sequence[int]) -> list[list[int]]:
    """Per step the positions of steps it must wait for, ascending. `durations` are in seconds.

    They are as few as the steps and the keys that each of them changes, times a logarithm at most. Which of several
    steps to wait for is chosen by when they end.
    """
    needs = _needs_of_guests_and_hosts(facts, steps)
    accounts, directions = _keys_by_step(problem, steps, durations)
    slots, ends = Slots(facts), list[int]()
    for i, step in enumerate(steps):
        for direction, effect in directions.get(i, ()):
            if effect.raises:
                direction.raise_by(i, needs)
            if effect.lowers:
                direction.lower_by(i)
        changes = accounts.get(i, ())
        for account, amount, _ in changes:
            if amount:
                needs[i].update(account.draw(amount, needs[i]))
        ready = max([ends[d] for d in needs[i]]) if needs[i] else 0
        ends.append(slots.take(step, ready, durations[i]) + durations[i])
        for account, _, amount in changes:
            if amount:
                account.give(i, amount, ends[i])
    return _without_implied(needs)


def _needs_of_guests_and_hosts(facts: Facts, steps: Sequence[Step]) -> list[set[int]]:
    """The steps of a guest follow each other, what starts waits for fencing, and what comes to a host for its boot."""
    needs: list[set[int]] = []
    of_guest, fenced, booted = dict[int, int](), dict[int, int](), dict[int, int]()
    of_kind = {ActionKind.FENCE_HOST: fenced, ActionKind.BOOT_HOST: booted}
    for i, step in enumerate(steps):
        v, found = step.v, set[int]()
        needs.append(found)
        if v == NO_VM:
            of_kind.get(step.kind, {})[step.host] = i
            continue
        if v in of_guest:
            found.add(of_guest[v])
        elif v in facts.failed_host and facts.failed_host[v] in fenced:
            found.add(fenced[facts.failed_host[v]])
        if booted and step.enters in booted:
            found.add(booted[step.enters])
        of_guest[v] = i
    return needs


def _keys_by_step(problem: Problem, steps: Sequence[Step], durations: Sequence[int]) -> tuple[_Accounts, _Directions]:
    """Per step what it does to the keys that can break at all, in list order."""
    accounts: _Accounts = defaultdict(list)
    directions: _Directions = defaultdict(list)
    for key in chain(room_keys(problem, steps), rule_keys(problem, steps)):
        if key.is_safe:
            continue
        match key:
            case CountedKey():
                account = Account(key.free)
                for i, added, given in _turnover(key.changes):
                    accounts[i].append((account, added, given))
            case DirectedKey():
                direction = Direction(key, durations)
                for effect in key.effects:
                    directions[effect.step].append((direction, effect))
    return accounts, directions


def _turnover(changes: Sequence[tuple[int, int]]) -> Iterator[tuple[int, int, int]]:
    """Per step what it adds beyond what its own earlier events have taken, and what it has taken in the end."""
    last, added, given = -1, 0, 0
    for i, amount in changes:
        if i != last:
            if added or given:
                yield last, added, given
            last, added, given = i, 0, 0
        if amount < 0:
            given -= amount
        else:
            own = min(given, amount)
            added, given = added + amount - own, given - own
    if added or given:
        yield last, added, given


def _without_implied(needs: Sequence[set[int]]) -> list[list[int]]:
    """Leaves out what one of the others waits for itself."""
    return [
        sorted(found.difference(*(needs[before] for before in found)) if len(found) > 1 else found) for found in needs
    ]
