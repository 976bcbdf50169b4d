"""From what went wrong to a google.rpc.Status: one gRPC code per reason, places as field violations.

Nothing here imports grpc: solver processes build their statuses too.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Final

from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message
from google.rpc import code_pb2
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo, RetryInfo
from google.rpc.status_pb2 import Status

from trimtab_solver.errors import Fault, Reason

DOMAIN: Final = "trimtab.v1"
"""The `domain` of every ErrorInfo."""

_ROOM_S: Final = 1.0
"""When a process that found no room is tried again."""

# gRPC clients refuse trailers above 8 KiB by default; the message is sent twice, as text and inside the details
_MAX_DETAILS_BYTES = 4096
_MAX_MESSAGE_CHARS = 400
_MAX_VALUE_CHARS = 256

_NOTHING: Mapping[str, str] = MappingProxyType({})


class ServiceReason(enum.StrEnum):
    """Reasons that only a service has; the others are `trimtab_solver.errors.Reason`."""

    NO_SERVER_POLICY = "NO_SERVER_POLICY"
    DEADLINE_TOO_SHORT = "DEADLINE_TOO_SHORT"
    SOLVER_OVERRAN = "SOLVER_OVERRAN"
    SOLVER_CRASHED = "SOLVER_CRASHED"
    SOLVER_HUNG = "SOLVER_HUNG"
    SOLVER_NOT_STARTED = "SOLVER_NOT_STARTED"
    SOLVER_OUT_OF_MEMORY = "SOLVER_OUT_OF_MEMORY"
    ANSWER_TOO_LARGE = "ANSWER_TOO_LARGE"
    REQUEST_NOT_RECEIVED = "REQUEST_NOT_RECEIVED"
    WORK_NOT_DONE = "WORK_NOT_DONE"
    REQUEST_ID_REUSED = "REQUEST_ID_REUSED"
    SHUTTING_DOWN = "SHUTTING_DOWN"
    BUSY = "BUSY"
    INTERNAL_UNVERIFIED_PLAN = "INTERNAL_UNVERIFIED_PLAN"
    INTERNAL_FAILURE = "INTERNAL_FAILURE"


CODES: Final[Mapping[Reason | ServiceReason, int]] = MappingProxyType(
    {
        Reason.INVALID_REQUEST: code_pb2.INVALID_ARGUMENT,
        Reason.MALFORMED_FILE: code_pb2.INVALID_ARGUMENT,
        Reason.DUPLICATE_ID: code_pb2.INVALID_ARGUMENT,
        Reason.UNKNOWN_REFERENCE: code_pb2.INVALID_ARGUMENT,
        Reason.DOMAIN_CYCLE: code_pb2.INVALID_ARGUMENT,
        Reason.OUT_OF_RANGE: code_pb2.INVALID_ARGUMENT,
        Reason.INCONSISTENT_STATE: code_pb2.INVALID_ARGUMENT,
        Reason.EMPTY_CLUSTER: code_pb2.INVALID_ARGUMENT,
        Reason.POLICY_SYNTAX: code_pb2.INVALID_ARGUMENT,
        Reason.POLICY_FIELD: code_pb2.INVALID_ARGUMENT,
        Reason.POLICY_EXPRESSION: code_pb2.INVALID_ARGUMENT,
        Reason.POLICY_CONFLICT: code_pb2.INVALID_ARGUMENT,
        # policy and snapshot are each right alone
        Reason.POLICY_EVALUATION: code_pb2.FAILED_PRECONDITION,
        Reason.NO_TIER: code_pb2.FAILED_PRECONDITION,
        Reason.AMBIGUOUS_TIER: code_pb2.FAILED_PRECONDITION,
        ServiceReason.NO_SERVER_POLICY: code_pb2.FAILED_PRECONDITION,
        ServiceReason.DEADLINE_TOO_SHORT: code_pb2.FAILED_PRECONDITION,
        ServiceReason.SOLVER_OVERRAN: code_pb2.DEADLINE_EXCEEDED,
        ServiceReason.WORK_NOT_DONE: code_pb2.DEADLINE_EXCEEDED,
        ServiceReason.SOLVER_CRASHED: code_pb2.INTERNAL,
        # nothing was done: the same request may be sent again
        ServiceReason.SOLVER_HUNG: code_pb2.UNAVAILABLE,
        ServiceReason.SOLVER_NOT_STARTED: code_pb2.UNAVAILABLE,
        ServiceReason.SOLVER_OUT_OF_MEMORY: code_pb2.RESOURCE_EXHAUSTED,
        ServiceReason.ANSWER_TOO_LARGE: code_pb2.RESOURCE_EXHAUSTED,
        ServiceReason.REQUEST_NOT_RECEIVED: code_pb2.UNAVAILABLE,
        ServiceReason.REQUEST_ID_REUSED: code_pb2.ALREADY_EXISTS,
        ServiceReason.SHUTTING_DOWN: code_pb2.UNAVAILABLE,
        ServiceReason.BUSY: code_pb2.RESOURCE_EXHAUSTED,
        ServiceReason.INTERNAL_UNVERIFIED_PLAN: code_pb2.INTERNAL,
        ServiceReason.INTERNAL_FAILURE: code_pb2.INTERNAL,
    }
)
"""The gRPC code of every reason."""


class ServiceError(Exception):
    """A request that ends with an error status."""

    def __init__(self, status: Status) -> None:
        super().__init__(status.message)
        self.status = status


def failure(
    reason: Reason | ServiceReason,
    message: str,
    metadata: Mapping[str, str] = _NOTHING,
    retry_after_s: float | None = None,
) -> ServiceError:
    """The error with one reason; with `retry_after_s` it carries a RetryInfo."""
    details: list[Message] = [
        ErrorInfo(
            reason=reason, domain=DOMAIN, metadata={key: value[:_MAX_VALUE_CHARS] for key, value in metadata.items()}
        )
    ]
    if retry_after_s is not None:
        delay = Duration()
        delay.FromMilliseconds(int(retry_after_s * 1000))
        details.append(RetryInfo(retry_delay=delay))
    return ServiceError(Status(code=CODES[reason], message=message[:_MAX_MESSAGE_CHARS], details=_packed(details)))


def reason_of(status: Status) -> str:
    """The reason in the status' ErrorInfo; empty when it has none."""
    info = ErrorInfo()
    return next((info.reason for detail in status.details if detail.Unpack(info)), "")


def refusal(faults: Iterable[Fault]) -> ServiceError:
    """The error for wrong input: reason and code of the first fault, and as many violations as trailers hold."""
    listed = tuple(faults)
    first = listed[0]
    more = f" (and {len(listed) - 1} more)" if len(listed) > 1 else ""
    text = str(first)
    if len(text) > _MAX_MESSAGE_CHARS:
        text = text[:_MAX_MESSAGE_CHARS] + "…"
    info = ErrorInfo(
        reason=first.reason,
        domain=DOMAIN,
        metadata={"path": first.path[:_MAX_VALUE_CHARS], "faults": str(len(listed))},
    )
    bad_request = BadRequest()
    room = _MAX_DETAILS_BYTES
    for fault in listed:
        violation = _violation(fault)
        room -= violation.ByteSize() + 4
        if room < 0 and bad_request.field_violations:
            break
        bad_request.field_violations.append(violation)
    return ServiceError(Status(code=CODES[first.reason], message=text + more, details=_packed([info, bad_request])))


def out_of_memory(limit_bytes: int) -> ServiceError:
    """The error for a request that needs more memory than a solver process may use."""
    limit_mib = limit_bytes >> 20
    return failure(
        ServiceReason.SOLVER_OUT_OF_MEMORY,
        f"the request needs more than the {limit_mib} MiB that one request may use",
        {"limit_mib": str(limit_mib)},
    )


def not_started(why: str) -> ServiceError:
    """The error for a request that nothing was done for, because the system has no room for a process or a thread."""
    text = f"there is no room for another process now ({why}); try again later"
    return failure(ServiceReason.SOLVER_NOT_STARTED, text, retry_after_s=_ROOM_S)


def too_short(remaining_s: float, needed_s: float) -> ServiceError:
    """The error for a deadline or budget that leaves no time to plan."""
    return failure(
        ServiceReason.DEADLINE_TOO_SHORT,
        f"{max(remaining_s, 0):.3f} s remain of the deadline, and planning needs more than {needed_s:.3f} s",
        {"remaining_s": f"{max(remaining_s, 0):.3f}", "needed_s": f"{needed_s:.3f}"},
    )


def read_too_late(budget_s: float, took_s: float) -> ServiceError:
    """The error for a request that is too large, or has too large a policy, for its budget."""
    return failure(
        ServiceReason.DEADLINE_TOO_SHORT,
        f"reading the request, checking it and compiling its policy had not ended after {took_s:.2f} s, and it has "
        f"{max(budget_s, 0):.3f} s by its time budget and deadline; give it more, or a smaller snapshot or policy",
        {"took_s": f"{took_s:.3f}", "budget_s": f"{max(budget_s, 0):.3f}"},
    )


def planned_too_late(budget_s: float, took_s: float, stage: str) -> ServiceError:
    """The error for a request whose plan is not ready long after its budget."""
    return failure(
        ServiceReason.DEADLINE_TOO_SHORT,
        f'no answer was ready after {took_s:.2f} s, when the stage "{stage}" was at work, and the request has '
        f"{max(budget_s, 0):.3f} s by its time budget and deadline; give it more, or a smaller snapshot or policy",
        {"took_s": f"{took_s:.3f}", "budget_s": f"{max(budget_s, 0):.3f}", "stage": stage},
    )


def _violation(fault: Fault) -> BadRequest.FieldViolation:
    description = fault.message + (f"; {fault.fix}" if fault.fix else "")
    return BadRequest.FieldViolation(
        field=fault.path[:_MAX_VALUE_CHARS], description=description[: 4 * _MAX_VALUE_CHARS], reason=fault.reason
    )


def _packed(details: Iterable[Message]) -> list[AnyMessage]:
    packed = []
    for detail in details:
        wrapped = AnyMessage()
        wrapped.Pack(detail)
        packed.append(wrapped)
    return packed
