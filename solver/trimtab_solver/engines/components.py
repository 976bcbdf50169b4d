"""Components of a cluster that share nothing: what is best in one does not hang on what is done in another.

Two hosts are in one component when a guest may run on either, or a rule counts guests that may run on either together.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import assert_never

import numpy as np

from ..measures import Measure
from ..primitives.encoding import Bools, Ints
from ..problem import NOWHERE, Problem, Target


@dataclass(frozen=True, slots=True)
class Component:
    """The hosts [H] of a component, and the guests [V] that may run on them and on no others."""

    hosts: Bools
    guests: Bools

    @property
    def size(self) -> int:
        """Pairs of a guest and a host, which the work grows with."""
        return int(self.guests.sum()) * int(self.hosts.sum())

    def of(self, problem: Problem) -> Problem:
        """The problem in which everybody else stays as it is."""
        guests = self.guests
        return replace(
            problem,
            fixed=problem.fixed | ~guests,
            startable=problem.startable & guests,
            evictable=problem.evictable & guests,
        )

    def with_component(self, other: Component) -> Component:
        """Both together."""
        return Component(self.hosts | other.hosts, self.guests | other.guests)

    def joined(self, others: Target, component: Target) -> Target:
        """The guests of the component as in `component`, everybody else as in `others`."""
        return Target(
            np.where(self.guests, component.place, others.place),
            np.where(self.guests[:, None], component.size, others.size),
        )


def find_components(problem: Problem) -> tuple[Component, ...]:
    """The components in which a guest may be brought anywhere or stopped, in the order of their first hosts.

    What all hosts share does not join them: the budget of moves, and costs that the largest of several counts for
    (`separable_levels`).
    """
    joined = _Joined(problem.host_count)
    hosts_of = [np.flatnonzero(problem.possible_hosts(v)) for v in range(problem.vm_count)]
    for hosts in hosts_of:
        joined.join(hosts)
    for group in problem.groups:
        reached = _together(hosts_of, group.guests.tolist())
        if group.is_sum_over_domains:
            for d in np.unique(group.domain[reached]).tolist():
                joined.join(reached[group.domain[reached] == d])
        else:
            joined.join(reached)
    if problem.disruption.group_limit:
        application = problem.disruption.group
        for g in np.unique(application[application >= 0]).tolist():
            joined.join(_together(hosts_of, np.flatnonzero(application == g).tolist()))
    component_of_host = joined.roots()
    component_of_guest = np.array(
        [component_of_host[hosts[0]] if len(hosts) else NOWHERE for hosts in hosts_of], dtype=np.int64
    )
    is_open = ~problem.fixed & (problem.running | problem.startable)
    return tuple(
        Component(component_of_host == root, component_of_guest == root)
        for root in np.unique(component_of_guest[is_open & (component_of_guest != NOWHERE)]).tolist()
    )


def gather(components: Sequence[Component], most: int) -> list[Component]:
    """No more than `most` components of about the same size: some of them together are a component too."""
    gathered: list[Component] = []
    for component in sorted(components, key=lambda one: -one.size):
        if len(gathered) < most:
            gathered.append(component)
        else:
            least = min(range(most), key=lambda i: gathered[i].size)
            gathered[least] = gathered[least].with_component(component)
    return gathered


def separable_levels(problem: Problem, disturbed: int) -> int:
    """How many leading levels are the sum of what they are in each, if guests move in `disturbed` components.

    The most guests of one application that move count for all: where they are all in one component that is a sum too.
    """
    for i, level in enumerate(problem.levels):
        if not all(_is_sum(problem, key.measure, disturbed) for key, _ in level.parts):
            return i
    return len(problem.levels)


def _is_sum(problem: Problem, measure: Measure, disturbed: int) -> bool:
    """Whether a measure is the sum of what it is in each component."""
    match measure:
        case Measure.RUNNING | Measure.INHERITED | Measure.STOPS | Measure.SHRINKAGE | Measure.SHOULD:
            return True
        case Measure.DISRUPTION:
            return not problem.disruption.group_weight or disturbed <= 1
        case Measure.BALANCE:
            return not problem.imbalance.peaks
        case _:
            assert_never(measure)


def _together(hosts_of: list[Ints], guests: Iterable[int]) -> Ints:
    """Every host on which one of the guests may run."""
    return np.unique(np.concatenate([np.zeros(0, dtype=np.int64), *(hosts_of[v] for v in guests)]))


class _Joined:
    """Hosts in sets that grow together.

    R. E. Tarjan, "Efficiency of a good but not linear set union algorithm", Journal of the ACM 22, 1975, section 2.
    """

    def __init__(self, count: int) -> None:
        self._parent = list(range(count))

    def join(self, hosts: Ints) -> None:
        """From now on all of these are in one set."""
        if len(hosts) > 1:
            first = self._root(int(hosts[0]))
            for h in hosts[1:].tolist():
                other = self._root(h)
                first, other = min(first, other), max(first, other)
                self._parent[other] = first

    def roots(self) -> Ints:
        """The least member of the set of each host [H]."""
        return np.array([self._root(h) for h in range(len(self._parent))], dtype=np.int64)

    def _root(self, h: int) -> int:
        parent = self._parent
        while parent[h] != h:
            parent[h] = parent[parent[h]]
            h = parent[h]
        return h
