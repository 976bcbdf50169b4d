"""Requests of the planning service."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from google.protobuf.duration_pb2 import Duration

from trimtab.v1 import planning_service_pb2 as pb
from trimtab.v1 import policy_pb2
from trimtab_solver.actions import Plan
from trimtab_solver.errors import Fault, Reason, RefusedError
from trimtab_solver.execution.carry_out import places_after
from trimtab_solver.outcome import Certificate
from trimtab_solver.snapshot import Snapshot

from .answer import certificate_from_proto
from .plan import plan_from_proto
from .snapshot import snapshot_from_proto

MAX_SEED = 2**31 - 1
MAX_REQUEST_ID_LENGTH = 128
MAX_FRONTIER_POINTS = 16

PolicyFiles = Mapping[str, bytes] | None
"""Policy files by name; None for the server's own policy."""

_MISSING = "is missing"

ValueT = TypeVar("ValueT")


@dataclass(frozen=True, slots=True)
class PlanOrder:
    """A request to plan. `time_budget_s` is None when the request does not limit it."""

    request_id: str
    snapshot: Snapshot
    policy_files: PolicyFiles
    validate_only: bool
    seed: int
    reproducible: bool
    time_budget_s: float | None
    warm_start: Mapping[str, str] | None
    """Guest id -> host id, empty for down."""
    frontier: tuple[float, ...]
    """Shares of the running guests, in percent."""
    strict: bool
    """Whether records that make no sense are refused."""


@dataclass(frozen=True, slots=True)
class VerifyOrder:
    """A request to verify. `certificate` is None when the request has none."""

    snapshot: Snapshot
    policy_files: PolicyFiles
    plan: Plan
    certificate: Certificate | None


@dataclass(frozen=True, slots=True)
class ExplainOrder:
    """A request to explain a guest. `host_id` is None when the request asks about all hosts."""

    snapshot: Snapshot
    policy_files: PolicyFiles
    vm_id: str
    host_id: str | None


def plan_order_from_proto(message: pb.CreatePlanRequest | pb.StreamPlanRequest) -> PlanOrder:
    """What `message` asks for.

    Raises
    ------
    RefusedError
        With every field that is missing or cannot be read.
    """
    faults: list[Fault] = []
    snapshot = _collect(faults, lambda: _snapshot_of(message))
    policy_files = _collect(faults, lambda: policy_from_proto(message.policy))
    if not 0 <= message.seed <= MAX_SEED:
        faults.append(_out_of_range("seed", f"is {message.seed}", f"use 0 to {MAX_SEED}"))
    if len(message.request_id) > MAX_REQUEST_ID_LENGTH:
        too_long = f"has {len(message.request_id)} characters"
        faults.append(_out_of_range("request_id", too_long, f"use at most {MAX_REQUEST_ID_LENGTH}; best a UUID"))
    time_budget_s = None
    if message.HasField("time_budget"):
        time_budget_s = seconds_from_proto(message.time_budget)
        if time_budget_s <= 0:
            faults.append(_out_of_range("time_budget", f"is {time_budget_s:g} s", "use more than 0, or leave it unset"))
    warm_start = _collect(faults, lambda: _warm_start_of(message)) if message.HasField("warm_start") else None
    if len(message.frontier_percents) > MAX_FRONTIER_POINTS:
        too_many = f"has {len(message.frontier_percents)} points"
        faults.append(_out_of_range("frontier_percents", too_many, f"use at most {MAX_FRONTIER_POINTS}"))
    for index, share in enumerate(message.frontier_percents):
        if not 0 <= share <= 100:
            faults.append(_out_of_range(f"frontier_percents[{index}]", f"is {share:g}", "use 0 to 100"))
    if faults or snapshot is None:
        raise RefusedError(faults)
    return PlanOrder(
        request_id=message.request_id,
        snapshot=snapshot,
        policy_files=policy_files,
        validate_only=isinstance(message, pb.CreatePlanRequest) and message.validate_only,
        seed=message.seed,
        reproducible=message.reproducible,
        time_budget_s=time_budget_s,
        warm_start=warm_start,
        frontier=tuple(message.frontier_percents),
        strict=message.strict,
    )


def verify_order_from_proto(message: pb.VerifyPlanRequest) -> VerifyOrder:
    """What `message` asks for. Raises as `plan_order_from_proto`."""
    faults: list[Fault] = []
    snapshot = _collect(faults, lambda: _snapshot_of(message))
    policy_files = _collect(faults, lambda: policy_from_proto(message.policy))
    plan = _collect(faults, lambda: plan_from_proto(message.plan))
    if not message.HasField("plan"):
        faults.append(Fault(Reason.INVALID_REQUEST, "plan", _MISSING, "send the plan to verify"))
    if faults or snapshot is None or plan is None:
        raise RefusedError(faults)
    certificate = certificate_from_proto(message.certificate) if message.HasField("certificate") else None
    return VerifyOrder(snapshot, policy_files, plan, certificate)


def explain_order_from_proto(message: pb.ExplainGuestRequest) -> ExplainOrder:
    """What `message` asks for. Raises as `plan_order_from_proto`."""
    faults: list[Fault] = []
    snapshot = _collect(faults, lambda: _snapshot_of(message))
    policy_files = _collect(faults, lambda: policy_from_proto(message.policy))
    if not message.vm_id:
        faults.append(Fault(Reason.INVALID_REQUEST, "vm_id", "is empty", "name the guest to explain"))
    if faults or snapshot is None:
        raise RefusedError(faults)
    return ExplainOrder(snapshot, policy_files, message.vm_id, message.host_id or None)


def policy_from_proto(message: policy_pb2.PolicyReference, path: str = "policy") -> PolicyFiles:
    """The files in `message`, or None for the server's own policy. Raises as `plan_order_from_proto`."""
    if message.WhichOneof("source") != "inline":
        return None
    at = f"{path}.inline.documents"
    faults: list[Fault] = []
    files: dict[str, bytes] = {}
    for index, document in enumerate(message.inline.documents):
        if not document.name:
            faults.append(Fault(Reason.INVALID_REQUEST, f"{at}[{index}].name", "is empty", "give each file a name"))
        elif document.name in files:
            twice = f"{document.name} is there twice"
            faults.append(Fault(Reason.INVALID_REQUEST, f"{at}[{index}].name", twice, "give each file its own name"))
        files[document.name] = document.content
    if not files:
        faults.append(Fault(Reason.INVALID_REQUEST, at, "is empty", "send at least one policy file"))
    if faults:
        raise RefusedError(faults)
    return files


def policy_to_proto(files: PolicyFiles) -> policy_pb2.PolicyReference:
    """The message for policy files by name, or for the server's own policy."""
    if files is None:
        return policy_pb2.PolicyReference(server_default=policy_pb2.ServerDefaultPolicy())
    documents = [policy_pb2.PolicyDocument(name=name, content=content) for name, content in files.items()]
    return policy_pb2.PolicyReference(inline=policy_pb2.PolicyDocuments(documents=documents))


def seconds_from_proto(message: Duration) -> float:
    """Seconds, to the nanosecond as far as a float goes."""
    return message.seconds + message.nanos / 1e9


def seconds_to_proto(seconds: float) -> Duration:
    """The message for `seconds`, to the microsecond."""
    whole, rest = divmod(round(seconds * 1_000_000), 1_000_000)
    return Duration(seconds=whole, nanos=rest * 1000)


def _snapshot_of(
    message: pb.CreatePlanRequest | pb.StreamPlanRequest | pb.VerifyPlanRequest | pb.ExplainGuestRequest,
) -> Snapshot:
    if not message.HasField("snapshot"):
        raise RefusedError([Fault(Reason.INVALID_REQUEST, "snapshot", _MISSING, "send the state of the cluster")])
    return snapshot_from_proto(message.snapshot)


def _warm_start_of(message: pb.CreatePlanRequest | pb.StreamPlanRequest) -> Mapping[str, str]:
    plan = plan_from_proto(message.warm_start.plan, "warm_start.plan")
    return {**places_after(plan), **message.warm_start.places}


def _collect(faults: list[Fault], read: Callable[[], ValueT]) -> ValueT | None:
    try:
        return read()
    except RefusedError as error:
        faults += error.faults
        return None


def _out_of_range(path: str, message: str, fix: str) -> Fault:
    return Fault(Reason.OUT_OF_RANGE, path, message, fix)
