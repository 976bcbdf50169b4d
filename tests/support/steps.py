"""Steps by name, for tests of plans."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from tests.support.cluster import policy
from tests.support.targets import problem_of
from trimtab_solver.actions import ActionKind
from trimtab_solver.plan.facts import Facts, facts_of
from trimtab_solver.plan.ordering.walk import Walk
from trimtab_solver.plan.steps import NO_VM, Step
from trimtab_solver.policy.documents import Policy
from trimtab_solver.primitives.encoding import Ints
from trimtab_solver.problem import NOWHERE, Problem
from trimtab_solver.snapshot import Snapshot


class World:
    """A cluster with its problem, whose guests and hosts are called by their names."""

    def __init__(self, snapshot: Snapshot, rules: Policy | None = None) -> None:
        self.problem: Problem = problem_of(snapshot, rules or policy())
        self.facts: Facts = facts_of(snapshot, self.problem)

    def vm(self, name: str) -> int:
        return self.problem.vm_ids.index(name)

    def host(self, name: str) -> int:
        return self.problem.host_ids.index(name) if name else NOWHERE

    def size(self, amounts: Mapping[str, int]) -> Ints:
        return np.array([amounts.get(resource, 0) for resource in self.problem.resources], dtype=np.int64)

    def walk(self) -> Walk:
        """A walk that has not begun; everybody has what they have, or requests it."""
        problem = self.problem
        sizes = np.where(problem.running[:, None], problem.allocated, problem.upper)
        return Walk(problem, sizes, self.facts.start_kinds)

    def step(
        self,
        kind: ActionKind,
        name: str,
        host: str,
        goal: str = "",
        *,
        before: Mapping[str, int] | None = None,
        size: Mapping[str, int] | None = None,
    ) -> Step:
        """The step; what starts has what it requests unless `size` says otherwise."""
        v = self.vm(name) if name else NO_VM
        after = self.size(size) if size is not None else self.problem.requested[v] if kind.arrives else None
        return Step(kind, v, self.host(host), self.host(goal), after, None if before is None else self.size(before))

    def places(self, walk: Walk, names: Sequence[str]) -> list[str]:
        """Where the guests are now; empty for those that do not run."""
        at = (walk.host_of(self.vm(name)) for name in names)
        return ["" if h == NOWHERE else self.problem.host_ids[h] for h in at]
