"""What a solver process does for the planning service: read, check, plan, verify."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable
from typing import Any

from trimtab.v1 import plan_pb2
from trimtab.v1 import planning_service_pb2 as pb
from trimtab_solver.digest import snapshot_digest
from trimtab_solver.errors import UnverifiedPlanError
from trimtab_solver.explain import admission
from trimtab_solver.options import PlanOptions
from trimtab_solver.outcome import Answer, Progress
from trimtab_solver.planner import plan_prepared
from trimtab_solver.prepared import Prepared, prepare, prepare_lazily
from trimtab_solver.verify.replay import verify_plan as replay
from trimtab_solver.verify.staleness import stale_inputs

from ..convert.answer import answer_to_proto
from ..convert.explanation import explanation_to_proto
from ..convert.quarantine import quarantined_to_proto
from ..convert.request import (
    PlanOrder,
    explain_order_from_proto,
    plan_order_from_proto,
    seconds_from_proto,
    verify_order_from_proto,
)
from ..convert.response import progress_to_proto, verdict_to_proto
from ..dispatch.budget import answer_by, granted_s, late_s, read_by, search_s
from ..dispatch.worker import Worker
from ..status import ServiceError, ServiceReason, failure, planned_too_late, read_too_late

_Show = Callable[[Progress], None]


@dataclasses.dataclass(frozen=True, slots=True)
class _Ready:
    """A request that is read, checked and compiled, and the seconds that it may take in all."""

    order: PlanOrder
    prepared: Prepared
    granted_s: float


def create_plan(worker: Worker) -> pb.CreatePlanResponse:
    """Plan and answer once, or only check what a plan would be made from."""
    ready = _read(worker)
    answer = _check(ready, worker) if ready.order.validate_only else _plan(ready, worker, None)
    return pb.CreatePlanResponse(answer=answer)


def stream_plan(worker: Worker) -> pb.StreamPlanResponse:
    """Plan, and report on the way."""

    def show(progress: Progress) -> None:
        message = progress_to_proto(progress.engine, progress.elapsed_s, progress.levels)
        worker.publish(pb.StreamPlanResponse(progress=message))

    return pb.StreamPlanResponse(answer=_plan(_read(worker), worker, show))


def verify_plan(worker: Worker) -> pb.VerifyPlanResponse:
    """Replay a plan, and say whether it was made for this input."""
    timed = worker.stages.timed
    message: pb.VerifyPlanRequest = worker.message()
    with timed("convert"):
        order = verify_order_from_proto(message)
    with timed("policy"):
        policy = worker.policy(order.policy_files)
    prepared = prepare_lazily(order.snapshot, policy, worker.stages, is_strict=False)
    with timed("digest"):
        digest = snapshot_digest(order.snapshot)
    stale = stale_inputs(order.certificate, digest, policy.digest)
    with timed("verify"):
        verdict = replay(prepared.snapshot, policy, order.plan, case=prepared.case)
    worker.note(
        snapshot_digest=digest,
        policy_digest=policy.digest,
        verified=verdict.is_valid and not stale,
        stale=[one.input for one in stale],
        violations=len(verdict.violations),
        actions=len(order.plan.actions),
    )
    return verdict_to_proto(verdict, stale, prepared.quarantined)


def explain_guest(worker: Worker) -> pb.ExplainGuestResponse:
    """Say where a guest could run now, and what speaks against it elsewhere."""
    message: pb.ExplainGuestRequest = worker.message()
    with worker.stages.timed("convert"):
        order = explain_order_from_proto(message)
    with worker.stages.timed("policy"):
        policy = worker.policy(order.policy_files)
    with worker.stages.timed("explain"):
        explanation = admission.explain_guest(order.snapshot, policy, order.vm_id, order.host_id)
    admitting = sum(one.is_admitted for one in explanation.hosts)
    worker.note(policy_digest=policy.digest, hosts=len(explanation.hosts), admitting=admitting)
    return explanation_to_proto(explanation)


def _read(worker: Worker) -> _Ready:
    """The request in a form that can be planned for, in time. What is wrong with it counts before what is late."""
    message: pb.CreatePlanRequest | pb.StreamPlanRequest = worker.message()
    wanted_s = seconds_from_proto(message.time_budget) if message.HasField("time_budget") else None
    end = read_by(worker.job, wanted_s, worker.began, reproducible=message.reproducible)

    def why() -> ServiceError:
        granted = granted_s(worker.job, wanted_s, worker.began, reproducible=False)
        return read_too_late(granted, time.monotonic() - worker.began)

    with worker.ending_at(end, why):
        with worker.stages.timed("convert"):
            order = plan_order_from_proto(message)
        # as large as all that is made of it
        del message
        granted = granted_s(worker.job, order.time_budget_s, time.monotonic(), reproducible=order.reproducible)
        worker.accept(order.request_id, granted, is_timed=not order.reproducible)
        with worker.stages.timed("policy"):
            policy = worker.policy(order.policy_files)
        return _Ready(order, prepare(order.snapshot, policy, worker.stages, is_strict=order.strict), granted)


def _plan(ready: _Ready, worker: Worker, show: _Show | None) -> plan_pb2.Answer:
    """The answer, in time."""

    def why() -> ServiceError:
        return planned_too_late(ready.granted_s, time.monotonic() - worker.began, worker.stages.at_work)

    with worker.ending_at(answer_by(ready.granted_s, worker.began, reproducible=ready.order.reproducible), why):
        return _planned(ready, worker, show)


def _planned(ready: _Ready, worker: Worker, show: _Show | None) -> plan_pb2.Answer:
    read, order = time.monotonic(), ready.order
    read_s = read - worker.began
    budget_s = search_s(worker.job, ready.granted_s, read_s, read, reproducible=order.reproducible)
    options = PlanOptions(
        budget_s=budget_s,
        seed=order.seed,
        workers=worker.job.threads,
        reproducible=order.reproducible,
        warm_start=order.warm_start,
        frontier=order.frontier,
        late_s=late_s(ready.granted_s),
        strict=order.strict,
    )
    # work that is cut short by the clock of a shutdown could not be repeated
    stop = None if order.reproducible else worker.stop
    try:
        answer = plan_prepared(ready.prepared, options, show, stop, worker.stages, read)
    except UnverifiedPlanError as error:
        worker.note(fault=str(error))
        raise _unverified("is not safe") from error
    if not answer.certificate.verified:
        raise _unverified("was not verified")
    worker.note(**_decision(answer), **_seconds(budget_s=budget_s, read_s=read_s, plan_s=time.monotonic() - read))
    engines, reasons = ((fault.engine for fault in answer.engine_faults), (one.reason for one in answer.quarantined))
    worker.count_plan(answer.outcome, engines, reasons)
    with worker.stages.timed("encode"):
        return answer_to_proto(answer)


def _unverified(what: str) -> ServiceError:
    return failure(ServiceReason.INTERNAL_UNVERIFIED_PLAN, f"the planner made a plan that {what}")


def _check(ready: _Ready, worker: Worker) -> plan_pb2.Answer:
    """The answer without a plan: which input it would be made for, and what is odd about it."""
    order, prepared, policy = ready.order, ready.prepared, ready.prepared.policy
    digest = snapshot_digest(order.snapshot)
    worker.note(validate_only=True, snapshot_digest=digest, policy_digest=policy.digest)
    return plan_pb2.Answer(
        certificate=plan_pb2.Certificate(
            snapshot_digest=digest,
            policy_digest=policy.digest,
            seed=order.seed,
            reproducible=order.reproducible,
        ),
        hardware_failures=prepared.event.hardware_failures,
        notes=prepared.problem.warnings,
        quarantined=[quarantined_to_proto(record) for record in prepared.quarantined],
    )


def _decision(answer: Answer) -> dict[str, Any]:
    certificate = answer.certificate
    return {
        "outcome": answer.outcome,
        "engine": answer.engine,
        "snapshot_digest": certificate.snapshot_digest,
        "policy_digest": certificate.policy_digest,
        "engine_versions": dict(certificate.engine_versions),
        "seed": certificate.seed,
        "reproducible": certificate.reproducible,
        "hardware_failures": answer.hardware_failures,
        "levels": {level.name: [level.value, level.bound] for level in answer.levels},
        "actions": len(answer.plan.actions),
        "stays_down": len(answer.stays_down),
        "notes": len(answer.notes),
        "quarantined": len(answer.quarantined),
        "engine_faults": [dataclasses.asdict(fault) for fault in answer.engine_faults],
    }


def _seconds(**amounts: float) -> dict[str, float]:
    return {name: round(amount, 3) for name, amount in amounts.items()}
