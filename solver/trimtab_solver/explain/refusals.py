"""What refuses a guest on each host, whether for itself or for those that run there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..occupancy import Occupancy
from ..primitives.encoding import Bools, Ints
from ..problem import Problem

CLOSED = "host:closed"
"""The host is down, draining or in maintenance."""
UNEQUIPPED = "host:unequipped"
"""The host does not reach the guest's storage pool, or lacks a capability it needs."""
UNREACHED = "host:unreached"
"""The guest could be there, and cannot get there: neither by a migration nor by a stop and a start."""
SMALL = "small:"
"""Begins a resource of which the guest needs more than the host has, whoever runs there."""
ROOM = "room:"
"""Begins a resource that others on the host take."""
NOTHING = -1
"""In place of a cause: the guest may go there."""


@dataclass(frozen=True, slots=True)
class Refusals:
    """What refuses an absent guest on each host: ``names[cause[h]]``; nothing does where `cause` [H] is -1.

    Names are policy documents, `CLOSED`, `UNEQUIPPED`, or a resource that the guest at its floor needs more of than the
    host has (``small:<name>``) or than others at their floors leave (``room:<name>``). Only names of policy documents
    have no colon.
    """

    names: tuple[tuple[str, ...], ...]
    cause: Ints

    def on(self, h: int) -> tuple[str, ...]:
        """What refuses the guest on one host."""
        cause = int(self.cause[h])
        return () if cause == NOTHING else self.names[cause]

    def begins_with(self, prefix: str) -> Bools:
        """Where [H] the first of the names begins like this."""
        which = [i for i, names in enumerate(self.names) if names and names[0].startswith(prefix)]
        return np.isin(self.cause, which)

    def counts(self) -> list[tuple[tuple[str, ...], int]]:
        """Each combination of names with the number of its hosts, in the order of its first host."""
        counts = np.bincount(self.cause + 1, minlength=len(self.names) + 1)[1:].tolist()
        first = np.zeros(len(self.names) + 1, dtype=np.int64)
        # the last write to a place is that of the first host
        first[self.cause[::-1]] = np.arange(len(self.cause))[::-1]
        found = sorted((int(first[cause]), cause) for cause, count in enumerate(counts) if count)
        return [(self.names[cause], counts[cause]) for _, cause in found]

    def after(self, causes: Sequence[tuple[str, Bools]]) -> Refusals:
        """With `causes`, each of which refuses the guest on the hosts [H] it holds on, where nothing else does yet."""
        if not causes:
            return self
        number = np.zeros(len(self.cause), dtype=np.int64)
        combinations: list[tuple[str, ...]] = [()]
        for name, hosts in causes:
            # the combination that a host had so far, with or without this cause; those that no host has are left out
            pairs = 2 * number + hosts
            used = np.flatnonzero(np.bincount(pairs, minlength=2 * len(combinations)))
            place = np.zeros(2 * len(combinations), dtype=np.int64)
            place[used] = np.arange(len(used))
            number = place[pairs]
            combinations = [
                tuple(dict.fromkeys((*combinations[pair // 2], name))) if pair % 2 else combinations[pair // 2]
                for pair in used.tolist()
            ]
        named = np.array([bool(names) for names in combinations], dtype=np.bool_)[number]
        cause = np.where((self.cause == NOTHING) & named, len(self.names) + number, self.cause)
        return Refusals((*self.names, *combinations), cause)


def refusals(problem: Problem, state: Occupancy, v: int) -> Refusals:
    """What refuses the absent guest now."""
    return with_others(problem, state, v, alone(problem, v))


def alone(problem: Problem, v: int) -> Refusals:
    """What refuses the guest whoever else runs where; the same for all guests of its class."""
    allowed = problem.allowed
    barred = ~allowed.mask[allowed.class_of[v]]
    return (
        Refusals((), np.full(problem.host_count, NOTHING, dtype=np.int64))
        .after([(CLOSED, barred & ~problem.receiving)])
        .after([(rule.rule, ~rule.mask) for rule in allowed.rules_of(v) if rule.must])
        .after([(UNEQUIPPED, barred)])
    )


def with_others(problem: Problem, state: Occupancy, v: int, by_itself: Refusals) -> Refusals:
    """What refuses the guest, must groups and room included."""
    need = problem.capacity.load_of(v, problem.floor[v])
    small = (need > state.ceiling) & (need > 0)
    short = (state.usage + need > state.ceiling) & (need > 0)
    return (
        by_itself.after([(f"{SMALL}{resource}", small[:, r]) for r, resource in enumerate(problem.resources)])
        .after([(problem.groups[g].rule, ~admitted) for g, admitted in state.refusing_groups(v)])
        .after([(f"{ROOM}{resource}", short[:, r]) for r, resource in enumerate(problem.resources)])
    )
