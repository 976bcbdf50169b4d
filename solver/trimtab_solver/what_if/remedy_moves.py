"""Moves that may keep a promise when they are made before anything fails."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from ..actions import Action, Plan
from ..authoring.loader import digest_of
from ..execution.carry_out import after_plan
from ..policy.documents import Document, Metadata, Policy, Source
from ..rules.action_budget import ActionBudget, budget_in_force
from ..scenarios.scenario import Scenario
from ..verify.replay import verify_plan
from .changing import ChangePlanner
from .promise import BrokenPromise, Promise
from .runners.runner import Assignment

_LOOKED_AT = 8
"""So many of the scenarios in which a promise is broken, and of the hosts that fail in them, are looked at."""
_ANY_NUMBER = 1_000_000


@dataclass(frozen=True, slots=True)
class Remedied:
    """The cluster with a remedy, and the plan that was carried out for it, if it is one."""

    cluster: Assignment
    plan: Plan | None = None


def moves_beforehand(
    planner: ChangePlanner, promise: Promise, broken: Sequence[BrokenPromise]
) -> Iterator[tuple[str, Remedied]]:
    """Plans for the cluster as it is, verified on it and within its budget of moves, each with the host it empties.

    The plan as it would be made now; those that empty a host with whose loss the promise is broken; and as many as may
    be made now of the moves with which the promise would be kept in a broken scenario, were any number allowed.
    """
    names = {one.scenario for one in broken}
    failing = [scenario for scenario in promise.scenarios(planner.cluster.snapshot) if scenario.name in names]
    hosts = dict.fromkeys(part for one in failing for part in one.fail if part.startswith("host:"))
    if (remedied := _now(planner, Scenario(name="as it is"))) is not None:
        yield "", remedied
    for host in [*hosts][:_LOOKED_AT]:
        if (remedied := _now(planner, Scenario(name=f"drain {host}", drain=(host,)))) is not None:
            yield host, remedied
    if failing:
        free = ChangePlanner(replace(planner.cluster, policy=_without_budget(planner.start.selection.policy)))
        for scenario in failing[:_LOOKED_AT]:
            if (remedied := _ahead(planner, free, scenario)) is not None:
                yield "", remedied


def _now(planner: ChangePlanner, change: Scenario) -> Remedied | None:
    """The cluster, in which nothing has happened, after the plan for the change; None where that loses somebody."""
    changed = planner.make(change)
    if changed.cluster is None or changed.verdict.last.lost:
        return None
    return _carried_out(planner, changed.verdict.last.plan)


def _ahead(planner: ChangePlanner, free: ChangePlanner, scenario: Scenario) -> Remedied | None:
    """The cluster after the moves that a plan for the scenario with a `free` budget begins with."""
    plan = free.make(scenario).verdict.last.plan or Plan()
    budget = budget_in_force(planner.start.selection.policy)[1]
    place = {vm.id: vm.place for vm in planner.start.snapshot.vms}
    most = budget.migrations(sum(bool(at) for at in place.values()))
    kept: list[Action] = []
    number: dict[int, int] = {}
    for action in plan.actions:
        is_free = action.kind.moves and place.get(action.vm_id) == action.host_id
        if is_free and len(kept) < most and number.keys() >= set(action.depends_on):
            number[action.id] = len(kept) + 1
            waits = tuple(number[before] for before in action.depends_on)
            kept.append(replace(action, id=len(kept) + 1, depends_on=waits))
    return _carried_out(planner, Plan(tuple(kept)))


def _carried_out(planner: ChangePlanner, plan: Plan | None) -> Remedied | None:
    start = planner.start
    if plan is None or not plan.actions:
        return None
    if not verify_plan(start.snapshot, start.policy, plan, case=start.case).is_valid:
        return None
    return Remedied(replace(planner.cluster, snapshot=after_plan(start.source, plan)), plan)


def _without_budget(policy: Policy) -> Policy:
    others = (document for document in policy.documents if not isinstance(document.spec, ActionBudget))
    free = ActionBudget(max_migrations=_ANY_NUMBER)
    documents = (*others, Document("ActionBudget", Metadata(name="remedies.free"), free, Source("remedies")))
    return replace(policy, documents=documents, digest=digest_of(documents))
