"""Requests of the what-if service."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Final

from trimtab.v1 import what_if_service_pb2 as pb
from trimtab_solver.errors import Fault, Reason, RefusedError
from trimtab_solver.scenarios.generation import losses
from trimtab_solver.scenarios.scenario import Scenario
from trimtab_solver.snapshot import Snapshot
from trimtab_solver.what_if.assessing import AssessmentOptions

from .request import MAX_SEED, PolicyFiles, policy_from_proto, seconds_from_proto
from .scenario import scenario_from_proto
from .snapshot import snapshot_from_proto

MAX_BATCH: Final = 20_000
"""How many scenarios one call may have assessed."""
_MAX_WORK_S: Final = 3600
_MAX_AT_ONCE: Final = 3


@dataclass(frozen=True, slots=True)
class BatchOrder:
    """A request to assess scenarios."""

    snapshot: Snapshot
    policy_files: PolicyFiles
    policies: Mapping[str, PolicyFiles]
    """Those that steps name."""
    scenarios: tuple[Scenario, ...]
    options: AssessmentOptions
    worst_first: bool


def batch_order_from_proto(message: pb.RunScenariosRequest) -> BatchOrder:
    """What `message` asks for.

    Raises
    ------
    RefusedError
        With every field that is missing or cannot be read.
    """
    faults: list[Fault] = []
    if not message.HasField("snapshot"):
        raise RefusedError([Fault(Reason.INVALID_REQUEST, "snapshot", "is missing", "send the state of the cluster")])
    snapshot = snapshot_from_proto(message.snapshot)
    names = sorted(message.policies)
    policies = {name: policy_from_proto(message.policies[name], f"policies[{name}]") for name in names}
    options = _options(message, faults)
    scenarios = _scenarios(message, snapshot, faults)
    if faults:
        raise RefusedError(faults)
    policy_files = policy_from_proto(message.policy)
    return BatchOrder(snapshot, policy_files, policies, scenarios, options, message.worst_first)


def _options(message: pb.RunScenariosRequest, faults: list[Fault]) -> AssessmentOptions:
    work_s = 1.0
    if message.HasField("work_per_plan"):
        work_s = seconds_from_proto(message.work_per_plan)
        if not 0 < work_s <= _MAX_WORK_S:
            fix = f"use more than 0 and up to {_MAX_WORK_S}, or leave it unset"
            faults.append(Fault(Reason.OUT_OF_RANGE, "work_per_plan", f"is {work_s:g} s", fix))
    if not 0 <= message.seed <= MAX_SEED:
        faults.append(Fault(Reason.OUT_OF_RANGE, "seed", f"is {message.seed}", f"use 0 to {MAX_SEED}"))
    return AssessmentOptions(work_s, message.seed, message.with_plans, only_losses=not message.full_plans)


def _scenarios(message: pb.RunScenariosRequest, snapshot: Snapshot, faults: list[Fault]) -> tuple[Scenario, ...]:
    """Those of the message, and then those that are made here; no more than one above the limit."""
    found = [
        scenario_from_proto(one, f"scenarios[{i}]", faults)
        for i, one in enumerate(islice(message.scenarios, MAX_BATCH + 1))
    ]
    for i, of in enumerate(message.losses):
        if not of.kinds:
            fix = 'name "host", "pool" or a kind of failure domain'
            faults.append(Fault(Reason.INVALID_REQUEST, f"losses[{i}].kinds", "is empty", fix))
        elif not 1 <= of.number <= _MAX_AT_ONCE:
            fix = f"use 1 to {_MAX_AT_ONCE}"
            faults.append(Fault(Reason.OUT_OF_RANGE, f"losses[{i}].number", f"is {of.number}", fix))
        else:
            found += islice(losses(snapshot, tuple(of.kinds), of.number), MAX_BATCH + 1 - len(found))
    if len(found) > MAX_BATCH:
        has = f"has more than {MAX_BATCH} entries, with those of losses"
        faults.append(Fault(Reason.OUT_OF_RANGE, "scenarios", has, f"send at most {MAX_BATCH} at a time"))
    if not found and not faults:
        fix = "send scenarios, or losses of parts that the cluster has"
        faults.append(Fault(Reason.INVALID_REQUEST, "scenarios", "is empty", fix))
    return tuple(found)
