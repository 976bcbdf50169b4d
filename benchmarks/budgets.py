"""The subject ``budgets``: how long calls take that have little time for much, and what they end with.

Each case is one method on one cluster under one policy, with one budget: the time budget of plans, and for other work
what is left of the caller's deadline less its margin. Requests go through the dispatcher to solver processes, as in
`trimtab serve`; only the network is left out. `share` is the time taken by what it may be, one and a half budgets and a
second: no row should have more than 1.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial
from typing import Final

from google.protobuf.message import Message

from benchmarks.service import PATIENCE_S, job_for
from benchmarks.subject import BenchmarkCase, CaseSelection, Row
from trimtab.v1 import plan_pb2, policy_pb2
from trimtab.v1 import planning_service_pb2 as pb
from trimtab.v1 import policy_service_pb2 as service_pb
from trimtab_server.calls.methods import METHODS
from trimtab_server.config import Settings
from trimtab_server.convert.request import policy_to_proto, seconds_to_proto
from trimtab_server.convert.snapshot import snapshot_to_proto
from trimtab_server.dispatch.answers import AnswersInMemory
from trimtab_server.dispatch.dispatcher import Dispatcher
from trimtab_server.dispatch.incoming import Incoming
from trimtab_server.dispatch.supervisor import PROBE, Supervisor
from trimtab_server.metrics import Metrics
from trimtab_server.sampling.generator import generate
from trimtab_server.sampling.options import SampleOptions
from trimtab_server.sampling.policy import sample_policy_folder
from trimtab_server.served_policy import ServedPolicy
from trimtab_server.status import ServiceError, reason_of
from trimtab_solver.authoring.policy_files import read_policy_files
from trimtab_solver.snapshot import Snapshot, StoragePool

BUDGETS_S: Final = (0.2, 1.0, 5.0)
SIZES: Final = ((10, 60), (100, 1000), (400, 4000), (1000, 10_000), (5000, 50_000))
_LOAD: Final = 1.02
_PATIENT_S: Final = 20.0
"""For the plan that is verified."""
_METHODS: Final = {method.name: method for method in METHODS}

_QUORUM: Final = """---
apiVersion: trimtab/v1
kind: Quorum
metadata: {name: everybody}
spec: {select: {cel: "true"}, minRunning: "60%", survives: rack, level: must}
"""
_TIERS: Final = """apiVersion: trimtab/v1
kind: PolicySet
metadata: {name: all}
spec: {defaultTier: any}
---
apiVersion: trimtab/v1
kind: Tier
metadata: {name: any}
spec: {rank: 1, evict: {when: "true"}}
"""
_SPREAD: Final = """---
apiVersion: trimtab/v1
kind: Spread
metadata: {{name: rule-{number}}}
spec: {{select: {{cel: "{condition}"}}, topology: rack, maxPerDomain: {most}, level: {level}}}
"""
_RULES: Final = 10_000
_RULES_IN_FILE: Final = 1000

Files = Mapping[str, bytes]


@cache
def _sample_policy() -> Files:
    return read_policy_files(sample_policy_folder())


def _with_quorum() -> Files:
    """The sample policy and one rule about all guests."""
    return {**_sample_policy(), "quorum.yaml": _QUORUM.encode()}


def _spreads(number: int, condition: str, level: str, most: int) -> Files:
    rules = [
        _SPREAD.format(number=n, condition=condition.format(n), level=level, most=most).encode() for n in range(number)
    ]
    starts = range(0, number, _RULES_IN_FILE)
    return {f"rules-{i}.yaml": b"".join(rules[i : i + _RULES_IN_FILE]) for i in starts}


def _hundred_conditions() -> Files:
    """The sample policy and a hundred rules that each choose one guest of a hundred."""
    return {**_sample_policy(), **_spreads(100, "vm.id.endsWith('{:02}')", "should, weight: 1", 3)}


def _many_rules() -> Files:
    """Ten thousand rules that choose nobody, each by a condition of its own."""
    return {"tiers.yaml": _TIERS.encode(), **_spreads(_RULES, "vm.id.startsWith('x{}')", "must", 1)}


def _in_cells(snapshot: Snapshot) -> Snapshot:
    """Two hosts each share storage with nobody else, and what runs there stays there."""
    pool = {host.id: f"cell{i // 2}" for i, host in enumerate(snapshot.hosts)}
    return replace(
        snapshot,
        hosts=tuple(replace(host, storage_pool_ids=(pool[host.id],)) for host in snapshot.hosts),
        vms=tuple(replace(vm, storage_pool_id=pool.get(vm.host_id, "cell0")) for vm in snapshot.vms),
        storage_pools=tuple(StoragePool(name) for name in dict.fromkeys(pool.values())),
    )


@dataclass(frozen=True, slots=True)
class BudgetLoad:
    """What makes a cluster hard: its policy, and what is changed in the sample."""

    policy: Callable[[], Files]
    change: Callable[[Snapshot], Snapshot] = lambda snapshot: snapshot


LOADS: Final[Mapping[str, BudgetLoad]] = {
    "sample": BudgetLoad(_sample_policy),
    "one Quorum": BudgetLoad(_with_quorum),
    "cells of two hosts": BudgetLoad(_sample_policy, _in_cells),
    "100 conditions": BudgetLoad(_hundred_conditions),
    "10,000 rules": BudgetLoad(_many_rules),
}
"""By name."""
_OTHER_METHODS: Final = ("StreamPlan", "VerifyPlan", "ExplainGuest", "LintPolicy", "TestPolicy", "DiffPolicies")
_LOADS_OF_OTHERS: Final = ("sample", "10,000 rules")


def cases(selection: CaseSelection) -> Iterator[BenchmarkCase]:
    """Plans under every load with every budget; the other methods where the sample and where rules are many."""
    for hosts, guests in SIZES[:1] if selection.smoke else SIZES:
        size = f"{hosts}x{guests}"
        if not selection.has_size(size):
            continue
        for load in LOADS:
            for method in ("CreatePlan", *(_OTHER_METHODS if load in _LOADS_OF_OTHERS else ())):
                budgets_s = BUDGETS_S[:1] if selection.smoke else BUDGETS_S
                facts = {"method": method, "size": size, "load": load}
                yield BenchmarkCase(facts, partial(_measure, method, (hosts, guests), load, budgets_s))


@cache
def _snapshot(size: tuple[int, int], load: str) -> Snapshot:
    hosts, guests = size
    sample = generate(SampleOptions(hosts=hosts, vms=guests, load=_LOAD, fail=("host:h0001",)))
    return LOADS[load].change(sample.snapshot)


def _measure(method: str, size: tuple[int, int], load: str, budgets_s: Sequence[float]) -> Row:
    """One call for each budget, under a policy that the service holds where the method can use one."""
    return asyncio.run(_serve(method, size, load, budgets_s))


async def _serve(method: str, size: tuple[int, int], load: str, budgets_s: Sequence[float]) -> Row:
    supervisor = Supervisor(1, 0)
    metrics = Metrics(ServedPolicy(None, supervisor.hold))
    dispatcher = Dispatcher(Settings(workers=1), supervisor, AnswersInMemory(0, 0), metrics)
    row: Row = {}
    try:
        await supervisor.start(job_for(PROBE, PATIENCE_S))
        await supervisor.hold(LOADS[load].policy())
        made = await _plan_to_verify(dispatcher, size, load) if method == "VerifyPlan" else plan_pb2.Answer()
        for budget_s in budgets_s:
            request = _request(method, size, load, budget_s, made)
            began = time.monotonic()
            ended = await _ending(dispatcher, method, request, budget_s)
            wall_s = time.monotonic() - began
            row |= {
                f"wall_s_{budget_s:g}": round(wall_s, 3),
                f"share_{budget_s:g}": round(wall_s / (1.5 * budget_s + 1.0), 2),
                f"ended_{budget_s:g}": ended,
            }
    finally:
        await supervisor.close()
    return row


async def _ending(dispatcher: Dispatcher, method: str, request: Message, budget_s: float) -> str:
    """OK, or the reason of the refusal."""
    try:
        await _call(
            dispatcher, method, request, None if method in ("CreatePlan", "StreamPlan") else _deadline_s(budget_s)
        )
    except ServiceError as error:
        return reason_of(error.status)
    return "OK"


def _deadline_s(budget_s: float) -> float:
    """The deadline that leaves so much to work (`dispatch.budget`)."""
    return max(budget_s + 0.5, budget_s / 0.8)


async def _call(dispatcher: Dispatcher, method: str, request: Message, remaining_s: float | None) -> bytes:
    flight = await dispatcher.flight(_METHODS[method], Incoming(request.SerializeToString(), "client"), remaining_s)
    with flight.joined():
        return await flight.response()


async def _plan_to_verify(dispatcher: Dispatcher, size: tuple[int, int], load: str) -> plan_pb2.Answer:
    request = _request("CreatePlan", size, load, _PATIENT_S, plan_pb2.Answer())
    return pb.CreatePlanResponse.FromString(await _call(dispatcher, "CreatePlan", request, None)).answer


def _request(method: str, size: tuple[int, int], load: str, budget_s: float, made: plan_pb2.Answer) -> Message:
    snapshot, files = snapshot_to_proto(_snapshot(size, load)), LOADS[load].policy()
    policy = policy_pb2.PolicyReference(server_default=policy_pb2.ServerDefaultPolicy())
    budget = seconds_to_proto(budget_s)
    match method:
        case "CreatePlan":
            return pb.CreatePlanRequest(snapshot=snapshot, policy=policy, time_budget=budget)
        case "StreamPlan":
            return pb.StreamPlanRequest(snapshot=snapshot, policy=policy, time_budget=budget, frontier_percents=[0, 1])
        case "VerifyPlan":
            return pb.VerifyPlanRequest(snapshot=snapshot, policy=policy, plan=made.plan, certificate=made.certificate)
        case "ExplainGuest":
            return pb.ExplainGuestRequest(snapshot=snapshot, policy=policy, vm_id=snapshot.vms[0].id)
        case "LintPolicy":
            return service_pb.LintPolicyRequest(snapshot=snapshot, policy=policy_to_proto(files))
        case "TestPolicy":
            return service_pb.TestPolicyRequest(policy=policy_to_proto(files))
        case _:
            other = {name: content.replace(b"rank: ", b"rank: 1") for name, content in files.items()}
            return service_pb.DiffPoliciesRequest(
                old_policy=policy_to_proto(files), new_policy=policy_to_proto(other), snapshot=snapshot
            )
