"""Which earlier steps a step must wait for, so that every order that respects them is safe (docs/concepts.md)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from ..actions import ActionKind
from ..problem import NOWHERE, Problem
from .steps import NO_VM, Step


def find_dependencies(problem: Problem, steps: Sequence[Step], source_host: dict[int, int]) -> list[list[int]]:
    """Per step the positions of steps it depends on, ascending.

    `source_host` maps a displaced guest to the failed host whose fencing its start must wait for.
    """
    departures: defaultdict[int, list[int]] = defaultdict(list)
    last_of_vm: dict[int, int] = {}
    prepared: dict[tuple[ActionKind, int], int] = {}
    crowding: defaultdict[tuple[int, int], list[int]] = defaultdict(list)
    latest: dict[int, int] = {}
    resized: set[int] = set()
    found: list[list[int]] = []
    for i, step in enumerate(steps):
        needs: set[int] = set()
        if step.v == NO_VM:
            prepared[step.kind, step.host] = i
            found.append([])
            continue
        if step.v in last_of_vm:
            needs.add(last_of_vm[step.v])
        last_of_vm[step.v] = i
        arrival, departure = step.arrival_host, step.departure_host
        first = _first_host(problem, step)
        if arrival != NOWHERE:
            needs.update(departures[arrival])
            if (ActionKind.BOOT_HOST, arrival) in prepared:
                needs.add(prepared[ActionKind.BOOT_HOST, arrival])
        if first != NOWHERE and step.enters not in (NOWHERE, first) and (step.v in resized or step.leaves != first):
            # what it leaves behind may be more than it had there last
            needs.update(departures[first])
        if step.kind.arrives and step.v in source_host:
            fenced = prepared.get((ActionKind.FENCE_HOST, source_host[step.v]))
            if fenced is not None:
                needs.add(fenced)
        if step.enters != NOWHERE or step.leaves != NOWHERE:
            _couple(problem, step, i, needs, crowding, latest)
        if departure != NOWHERE:
            departures[departure].append(i)
        if first not in (NOWHERE, departure) and step.leaves != NOWHERE:
            departures[first].append(i)
        if step.kind is ActionKind.RESIZE:
            resized.add(step.v)
        found.append(sorted(needs))
    return found


def _first_host(problem: Problem, step: Step) -> int:
    """The host where the guest ran at the start, if it keeps something there while it runs elsewhere, or NOWHERE."""
    first = int(problem.current[step.v])
    keeps = problem.capacity.transient.any() and first != NOWHERE and problem.capacity.left_behind(step.v).any()
    return first if keeps else NOWHERE


def _couple(
    problem: Problem,
    step: Step,
    i: int,
    needs: set[int],
    crowding: defaultdict[tuple[int, int], list[int]],
    latest: dict[int, int],
) -> None:
    """Adds what the must groups of the guest demand, and records what this step means to later ones."""
    for g in problem.groups_of.get(step.v, ()):
        group = problem.groups[g]
        if not group.must:
            continue
        entered = int(group.domain[step.enters]) if step.enters != NOWHERE else NOWHERE
        left = int(group.domain[step.leaves]) if step.leaves != NOWHERE else NOWHERE
        if entered == left:
            continue
        if group.is_ordered:
            if g in latest:
                needs.add(latest[g])
            latest[g] = i
        else:
            if entered != NOWHERE:
                needs.update(crowding[g, entered])
            if left != NOWHERE:
                crowding[g, left].append(i)
    needs.discard(i)
