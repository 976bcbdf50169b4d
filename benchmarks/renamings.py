"""The subject ``renamings``: one cluster under ten renamings and orders of its guests and hosts, at short budgets.

Nothing about them is different, so whatever differs between the plans is chance. Sample clusters in which a host
fails, 95 % of the room needed; in process, two threads. Counted: actions, moves, and the levels; and guests all of
whose actions the verifier lets one leave out without a loss.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import Final, TypeVar

from benchmarks.subject import BenchmarkCase, CaseSelection, Row
from trimtab_server.sampling import SampleOptions, generate
from trimtab_solver.actions import Plan
from trimtab_solver.authoring.loader import parse_policy
from trimtab_solver.options import PlanOptions
from trimtab_solver.planner import plan_recovery
from trimtab_solver.policy.documents import Policy
from trimtab_solver.snapshot import Host, Snapshot, Vm
from trimtab_solver.verify.replay import verify_plan

_SIZES: Final[Mapping[str, tuple[int, int]]] = {"12x100": (12, 100), "12x120": (12, 120), "40x400": (40, 400)}
_BUDGETS_S: Final = (0.5, 4.0)
_RENAMINGS: Final = 10

Named = TypeVar("Named", Host, Vm)


def cases(selection: CaseSelection) -> Iterator[BenchmarkCase]:
    """Each size, budget and seed; the smallest in smoke mode, under two names."""
    for size in list(_SIZES)[:1] if selection.smoke else _SIZES:
        if not selection.has_size(size):
            continue
        for budget_s in _BUDGETS_S[:1] if selection.smoke else _BUDGETS_S:
            for seed in selection.seeds:
                scaled_s, renamings = budget_s * selection.budget_factor, 2 if selection.smoke else _RENAMINGS
                yield BenchmarkCase(
                    {"size": size, "budget_s": scaled_s, "seed": seed},
                    partial(measure, size, scaled_s, seed, renamings),
                )


def measure(size: str, budget_s: float, seed: int, renamings: int) -> Row:
    """Plans for the cluster under each renaming; the first is the cluster as it is."""
    hosts, vms = _SIZES[size]
    made = generate(SampleOptions(hosts=hosts, vms=vms, load=0.95, seed=seed, fail=("host:h0001",)))
    policy = parse_policy(made.policy)
    plans = []
    for number in range(renamings):
        state = made.snapshot if not number else rename(made.snapshot, number)
        answer = plan_recovery(state, policy, PlanOptions(budget_s=budget_s, workers=2))
        plans.append(
            {
                "outcome": answer.outcome.value,
                "actions": len(answer.plan.actions),
                "moves": sum(action.kind.moves for action in answer.plan.actions),
                "needless": count_needless(state, policy, answer.plan),
                "levels": [level.value for level in answer.levels],
            }
        )
    return {"plans": plans}


def rename(snapshot: Snapshot, seed: int) -> Snapshot:
    """The same cluster with other ids, in another order."""
    chance = random.Random(seed)
    hosts, vms = _shuffled(snapshot.hosts, chance), _shuffled(snapshot.vms, chance)
    host_ids = {host.id: f"host-{i:05}" for i, host in enumerate(hosts)} | {"": ""}
    return replace(
        snapshot,
        hosts=tuple(replace(host, id=host_ids[host.id]) for host in hosts),
        vms=tuple(
            replace(
                vm,
                id=f"guest-{i:05}",
                host_id=host_ids[vm.host_id],
                target_host_id=host_ids[vm.target_host_id],
                home_host_id=host_ids[vm.home_host_id],
            )
            for i, vm in enumerate(vms)
        ),
    )


def _shuffled(named: tuple[Named, ...], chance: random.Random) -> list[Named]:
    return chance.sample(named, len(named))


def count_needless(snapshot: Snapshot, policy: Policy, plan: Plan) -> int:
    """Guests without whose actions the plan is still safe and no worse at any level; each is looked at by itself."""
    levels = verify_plan(snapshot, policy, plan).levels
    count = 0
    for vm_id in {action.vm_id for action in plan.actions} - {""}:
        verdict = verify_plan(snapshot, policy, without(plan, vm_id))
        count += verdict.is_valid and [value for _, value in verdict.levels] <= [value for _, value in levels]
    return count


def without(plan: Plan, vm_id: str) -> Plan:
    """The plan without the actions of one guest, the others numbered anew; nobody waits for what is gone."""
    kept = [action for action in plan.actions if action.vm_id != vm_id]
    number = {action.id: i for i, action in enumerate(kept, 1)}
    return Plan(
        tuple(
            replace(a, id=number[a.id], depends_on=tuple(number[d] for d in a.depends_on if d in number)) for a in kept
        )
    )
