"""Do the engines and the judge of a rule mean the same? Each disagreement is classed and names the rule.

The comparison is made on clusters under a policy of tiers and one rule, so that whatever differs is the rule's doing.
The two failures are named as BtrPlace's fuzzer does (F. Hermenier et al., safeplace): an engine that forbids what the
judge permits filters too much and loses plans; one that permits what the judge forbids filters too little, and its
plans are thrown away by the verifier.
"""

from __future__ import annotations

import enum
import random
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from tests.support.targets import judged, problem_of, random_target
from trimtab_solver.engines.clock import NEVER
from trimtab_solver.engines.cpsat import Budget, InfeasibleError, Objective
from trimtab_solver.engines.exact_model import ExactModel
from trimtab_solver.engines.search.moves import INFINITY, shift_change
from trimtab_solver.engines.search.state import new_state
from trimtab_solver.engines.search.tables import build_tables
from trimtab_solver.engines.search.weights import soft_weights
from trimtab_solver.measures import Key, Measure
from trimtab_solver.occupancy import Occupancy
from trimtab_solver.policy.documents import Document, Policy, RuleSpec
from trimtab_solver.primitives.encoding import PlacementVariables
from trimtab_solver.problem import NOWHERE, Problem, Target
from trimtab_solver.snapshot import Snapshot
from trimtab_solver.verify.case import Case

_WORK = Budget(NEVER, units=60.0, seed=1, workers=1)


class Filtering(enum.Enum):
    """How an engine reads a rule differently from its judge."""

    OVER = "over-filtering"
    """It forbids what the judge permits, or counts more."""
    UNDER = "under-filtering"
    """It permits what the judge forbids, or counts less."""


@dataclass(frozen=True, slots=True)
class Disagreement:
    """One target of which an engine and the judge of the rule think differently."""

    kind: str
    rule: str
    engine: str
    filtering: Filtering
    place: tuple[tuple[str, str], ...]

    def __str__(self) -> str:
        where = ", ".join(f"{vm_id} on {host_id or 'no host'}" for vm_id, host_id in self.place)
        return f"{self.filtering.value} of {self.kind} {self.rule} by {self.engine}: {where}"


class Comparison:
    """Engines against the judge on one cluster, whose policy holds one rule; `seen` counts verdicts of the judge."""

    def __init__(self, snapshot: Snapshot, policy: Policy) -> None:
        self.seen: Counter[str] = Counter()
        self._snapshot, self._policy = snapshot, policy
        (self._rule,) = (d for d in policy.documents if isinstance(d.spec, RuleSpec))
        self._case = Case(snapshot, policy)
        others = Policy(tuple(d for d in policy.documents if d is not self._rule), policy.digest)
        self._problem, self._free = problem_of(snapshot, policy), problem_of(snapshot, others)

    @property
    def rule(self) -> Document:
        """The one rule."""
        return self._rule

    def run(self, chance: random.Random, shifts: int, targets: int) -> Iterator[Disagreement]:
        """Disagreements about `shifts` changes of one guest, and about the amounts of `targets` of any sort."""
        if not self._problem.vm_count:
            return
        for _ in range(shifts):
            v = chance.randrange(self._problem.vm_count)
            target = self._shifted(v, chance)
            if (permitted := self._judge_permits(target)) is None:
                continue
            self.seen["permitted" if permitted else "forbidden"] += 1
            within = self._within_sizes(target)
            for name, permits in _ENGINES.items():
                if (within and permits(self._problem, target, v)) is not permitted:
                    yield self._disagreement(name, Filtering.OVER if permitted else Filtering.UNDER, target)
        for _ in range(targets):
            target = random_target(self._free, chance)
            mine, theirs = self._amount(target), self._engine_amount(target)
            self.seen["counted"] += mine > 0
            if mine != theirs:
                yield self._disagreement("yardstick", Filtering.OVER if theirs > mine else Filtering.UNDER, target)

    # --- targets -----------------------------------------------------------------------------------------------------

    def _shifted(self, v: int, chance: random.Random) -> Target:
        """The present state with one guest elsewhere, or nowhere, or of a size that it might have without the rule."""
        free = self._free
        options = np.flatnonzero(free.possible_hosts(v)).tolist()
        if free.current[v] == NOWHERE or free.evictable[v]:
            options.append(NOWHERE)
        place = free.current.copy()
        place[v] = chance.choice(options or [int(place[v])])
        size = np.where(free.running[:, None], free.allocated, free.upper)
        if chance.random() < 0.5:
            size[v] = [chance.randint(a, b) for a, b in zip(free.floor[v], free.upper[v], strict=True)]
        return Target(place, size)

    def _within_sizes(self, target: Target) -> bool:
        """Whether the engines, which choose sizes from the floor to the request, could choose these."""
        up, problem = target.place != NOWHERE, self._problem
        return bool((problem.floor[up] <= target.size[up]).all())

    # --- verdicts ----------------------------------------------------------------------------------------------------

    def _judge_permits(self, target: Target) -> bool | None:
        """Whether the judge of the rule permits the target; None when something else forbids it."""
        broken = judged(self._snapshot, self._policy, self._problem, target).violations
        if any(violation.rule != self._rule.name for violation in broken):
            return None
        return not broken

    def _amount(self, target: Target) -> int:
        place = {
            vm_id: self._problem.host_ids[h]
            for vm_id, h in zip(self._problem.vm_ids, target.place.tolist(), strict=True)
            if h != NOWHERE
        }
        return sum(sum(scope.amounts(place).values()) for scope in self._case.scopes if scope.rule == self._rule.name)

    def _engine_amount(self, target: Target) -> int:
        with_rule, without = self._problem.measure(target), self._free.measure(target)
        spec = self._rule.spec
        assert isinstance(spec, RuleSpec)
        at = Key(Measure.INHERITED if spec.is_must else Measure.SHOULD)
        return (with_rule[at] - without[at]) // (spec.weight or 1)

    def _disagreement(self, engine: str, filtering: Filtering, target: Target) -> Disagreement:
        hosts = [self._problem.host_ids[h] if h != NOWHERE else "" for h in target.place.tolist()]
        place = tuple(zip(self._problem.vm_ids, hosts, strict=True))
        return Disagreement(self._rule.kind, self._rule.name, engine, filtering, place)


# --- what engines permit ----------------------------------------------------------------------------------------------


def _exact(problem: Problem, target: Target, v: int) -> bool:
    """Whether the model has a solution with every guest where the target has it."""
    places = target.place.tolist()
    if any(h != NOWHERE and not problem.possible_hosts(u)[h] for u, h in enumerate(places)):
        return False
    host = np.array([h for h in places if h != NOWHERE], dtype=np.int32)
    start = np.cumsum([0, *(h != NOWHERE for h in places)])
    model = ExactModel(problem, PlacementVariables(start, host)).model
    for variable in range(len(host)):
        model.add_exactly_one([variable])
    try:
        solution, _ = model.solve_staged((Objective(()),), _WORK, threading.Event(), lambda *_, **__: None)
    except InfeasibleError:
        return False
    assert solution is not None, "so small a model is solved in its time"
    return True


def _search(problem: Problem, target: Target, v: int) -> bool:
    """Whether the change has a price for the kernels of the search."""
    if target.place[v] == problem.current[v]:
        return True
    tables = build_tables(problem, soft_weights(problem))
    state = new_state(problem, tables, problem.current, seed=1)
    return bool(shift_change(tables, state, np.int64(v), np.int64(target.place[v])) != INFINITY)


def _greedy(problem: Problem, target: Target, v: int) -> bool:
    """Whether the occupancy that greedy repair and the ordering of plans look at admits the change."""
    before, after = int(problem.current[v]), int(target.place[v])
    if after == before:
        return True
    state = Occupancy(problem, np.where(problem.running[:, None], problem.allocated, problem.floor))
    if before != NOWHERE:
        state.take(v)
    if after == NOWHERE:
        return state.admits_absence(v)
    return bool(problem.arrivals(v)[after]) and state.admits_at(v, after) and state.fits(v, after, target.size[v])


_ENGINES: dict[str, Callable[[Problem, Target, int], bool]] = {"exact": _exact, "search": _search, "greedy": _greedy}
