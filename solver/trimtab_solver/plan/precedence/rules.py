"""What steps do to the must rules that relate guests."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from ...primitives.transits import ABSENT, Key, Transit
from ...problem import NOWHERE, Problem
from ..steps import Step


def rule_keys(problem: Problem, steps: Sequence[Step]) -> Iterator[Key]:
    """What the steps could break of each must group."""
    transits: defaultdict[int, list[Transit]] = defaultdict(list)
    groups = problem.groups
    for i, step in enumerate(steps):
        if not step.is_transit:
            continue
        for g in problem.groups_of.get(step.v, ()):
            if groups[g].must:
                domain = groups[g].domain
                left = ABSENT if step.leaves == NOWHERE else int(domain[step.leaves])
                entered = ABSENT if step.enters == NOWHERE else int(domain[step.enters])
                transits[g] += _transits(i, step, left, entered)
    for g, found in transits.items():
        yield from groups[g].keys(problem.current, found)


def _transits(i: int, step: Step, left: int, entered: int) -> list[Transit]:
    """One for what happens at once; a guest that moves cold is down on the way, also within a domain."""
    if step.is_migration and step.kind.traits.is_down:
        return [Transit(i, step.v, left, ABSENT), Transit(i, step.v, ABSENT, entered)]
    return [] if left == entered else [Transit(i, step.v, left, entered)]
