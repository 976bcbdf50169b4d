"""Clauses that several explanations share: rights, ways to move, and what refuses a guest on many hosts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from ..amounts import name_resource
from ..occupancy import Occupancy
from ..plan.facts import Facts
from ..problem import Problem, Target
from ..quarantine import MAX_READINGS
from ..snapshot import Migratability, Vm
from ..suitability.receiving import CLOSED as NOT_RECEIVING
from .refusals import CLOSED, ROOM, SMALL, UNEQUIPPED, UNREACHED, Refusals

BUDGET = "the plan may move no more guests (ActionBudget)"
"""Said where only the number of moves is in the way."""
_NAMED = 3
"""So many guests or hosts are named in a clause."""


@dataclass(frozen=True)
class Scene:
    """What explanations of one plan look at: where guests run after it, everybody at the floor."""

    problem: Problem
    facts: Facts
    state: Occupancy
    failures: int
    """The number of hardware failures, which rights depend on."""

    @classmethod
    def of(cls, problem: Problem, facts: Facts, reached: Target, failures: int) -> Scene:
        """The scene after a plan that leaves guests as in `reached`."""
        state = Occupancy(problem, problem.floor)
        state.go_to(reached.place)
        return cls(problem, facts, state, failures)


def name_some(names: Sequence[str]) -> str:
    """The first names, and how many more."""
    rest = len(names) - _NAMED
    return ", ".join(names[:_NAMED]) + (f" and {rest} more" if rest > 0 else "")


def count_failures(failures: int) -> str:
    """``1 hardware failure``."""
    return f"{failures} hardware failure{'' if failures == 1 else 's'}"


def why_immobile(vm: Vm, tier: str) -> str:
    """Why the running guest can be moved nowhere, if its migratability and its tier forbid it."""
    if vm.migratability is Migratability.NONE:
        return "it cannot be migrated while it runs (migratability NONE)"
    return f"it cannot be migrated live (migratability COLD), and tier {tier} does not allow cold migration"


def why_frozen(rule: str) -> str:
    """Why a guest stays as it is whose rule cannot be counted for lack of knowledge."""
    return (
        f"rule {rule} keeps it as it is: guests in quarantine that it counts may run in more than {MAX_READINGS} ways"
    )


def describe_refusals(scene: Scene, v: int, found: Refusals) -> str:
    """How many hosts refuse the guest for what, most hosts first."""
    counts: Counter[tuple[str, ...]] = Counter()
    for names, count in found.counts():
        counts[names] += count
    return "; ".join(_clause(scene, v, names, count) for names, count in counts.most_common())


def documents_of(found: Refusals) -> tuple[str, ...]:
    """The policy documents among the causes."""
    return tuple(dict.fromkeys(name for names, _ in found.counts() for name in names if ":" not in name))


def _clause(scene: Scene, v: int, names: tuple[str, ...], count: int) -> str:
    first = names[0]
    if first == CLOSED:
        return f"{count} {NOT_RECEIVING}"
    if first == UNEQUIPPED:
        return f"{count} without {_equipment(scene.facts.vms[v])}"
    if first == UNREACHED:
        return f"{count} that it can be migrated to neither live nor cold"
    if first.startswith(SMALL):
        return f"{count} smaller than it ({_resources(names, SMALL)})"
    if first.startswith(ROOM):
        return f"{count} full of others ({_resources(names, ROOM)})"
    return f"{count} refused by {', '.join(names)}{_for_its_pool(scene, v, names)}"


def _for_its_pool(scene: Scene, v: int, names: Sequence[str]) -> str:
    """Said where a rule leaves this guest no host and others some: what differs within a rule is the pool they name."""
    allowed, pool = scene.problem.allowed, scene.facts.vms[v].storage_pool_id
    nowhere = {rule.rule for rule in allowed.rules_of(v) if rule.must and not rule.mask.any()}
    others = {rule.rule for rule in allowed.rules if rule.must and rule.mask.any()}
    if pool and not nowhere.isdisjoint(others.intersection(names)):
        return f" for its storage pool {pool}"
    return ""


def _resources(names: Sequence[str], prefix: str) -> str:
    return ", ".join(name_resource(name.removeprefix(prefix)) for name in names)


def _equipment(vm: Vm) -> str:
    """The pool and the devices that the guest needs."""
    parts = [f"storage pool {vm.storage_pool_id}"] if vm.storage_pool_id else []
    return " or ".join((*parts, *vm.device_needs)) or "what it needs"
