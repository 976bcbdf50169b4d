"""Which earlier steps a step must wait for, so that every order that respects them is safe (docs/concepts.md)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from ..actions import ActionKind
from ..problem import NOWHERE, Problem
from .steps import NO_VM, Step


def find_precedence(problem: Problem, steps: Sequence[Step], failed_host: Mapping[int, int]) -> list[list[int]]:
    """Per step the positions of steps it must wait for, ascending.

    `failed_host` maps a displaced guest to the host whose fencing its start must wait for.
    """
    walked = _Walked(problem, failed_host)
    return [sorted(walked.take(i, step)) for i, step in enumerate(steps)]


class _Walked:
    """The steps so far, by what later ones may have to wait for."""

    def __init__(self, problem: Problem, failed_host: Mapping[int, int]) -> None:
        self._problem = problem
        self._failed_host = failed_host
        self._keeps = bool(problem.capacity.transient.any())
        self._of_vm: dict[int, int] = {}
        """The last step of each guest."""
        self._of_host: dict[tuple[ActionKind, int], int] = {}
        """The step that fences or boots a host."""
        self._departures: defaultdict[int, list[int]] = defaultdict(list)
        """By host, the steps that free room there."""
        self._left: defaultdict[tuple[int, int], list[int]] = defaultdict(list)
        """By group and domain, the steps in which a member left it."""
        self._changed: dict[int, int] = {}
        """The last step in which a member of an ordered group changed its domain."""
        self._resized: set[int] = set()

    def take(self, i: int, step: Step) -> set[int]:
        """What the next step, at position `i`, must wait for."""
        if step.v == NO_VM:
            self._of_host[step.kind, step.host] = i
            return set()
        needs = {self._of_vm[step.v]} if step.v in self._of_vm else set()
        needs |= self._arrive(step)
        needs |= self._fence(step)
        if step.enters != NOWHERE or step.leaves != NOWHERE:
            needs |= self._couple(i, step)
        self._depart(i, step)
        self._of_vm[step.v] = i
        return needs

    def _arrive(self, step: Step) -> set[int]:
        """What makes the room that the step takes, at its host and where the guest began if it keeps some there."""
        arrival, first, needs = step.arrival_host, self._first_host(step), set[int]()
        if arrival != NOWHERE:
            needs.update(self._departures[arrival])
            if (ActionKind.BOOT_HOST, arrival) in self._of_host:
                needs.add(self._of_host[ActionKind.BOOT_HOST, arrival])
        if (
            first != NOWHERE
            and step.enters not in (NOWHERE, first)
            and (step.v in self._resized or step.leaves != first)
        ):
            # what it leaves behind may be more than it had there last
            needs.update(self._departures[first])
        return needs

    def _fence(self, step: Step) -> set[int]:
        """The fencing of the host that failed under the guest which the step starts."""
        if not step.kind.arrives or step.v not in self._failed_host:
            return set()
        fenced = self._of_host.get((ActionKind.FENCE_HOST, self._failed_host[step.v]))
        return set() if fenced is None else {fenced}

    def _couple(self, i: int, step: Step) -> set[int]:
        """What the must groups of the guest demand; remembers what this step means to later ones."""
        needs = set[int]()
        for g in self._problem.groups_of.get(step.v, ()):
            group = self._problem.groups[g]
            entered = int(group.domain[step.enters]) if step.enters != NOWHERE else NOWHERE
            left = int(group.domain[step.leaves]) if step.leaves != NOWHERE else NOWHERE
            # a guest that moves cold is away for a while, also where it stays in its domain
            if not group.must or (entered == left and step.kind is not ActionKind.MIGRATE_COLD):
                continue
            if group.is_ordered:
                needs.update([self._changed[g]] if g in self._changed else ())
                self._changed[g] = i
                continue
            if entered != NOWHERE:
                needs.update(self._left[g, entered])
            if left != NOWHERE:
                self._left[g, left].append(i)
        return needs

    def _depart(self, i: int, step: Step) -> None:
        """Remembers where the step frees room."""
        departure, first = step.departure_host, self._first_host(step)
        if departure != NOWHERE:
            self._departures[departure].append(i)
        if first not in (NOWHERE, departure) and step.leaves != NOWHERE:
            self._departures[first].append(i)
        if step.kind is ActionKind.RESIZE:
            self._resized.add(step.v)

    def _first_host(self, step: Step) -> int:
        """The host where the guest ran at the start, if it keeps something there while it is elsewhere, or NOWHERE."""
        first = int(self._problem.current[step.v])
        keeps = self._keeps and first != NOWHERE and self._problem.capacity.left_behind(step.v).any()
        return first if keeps else NOWHERE
