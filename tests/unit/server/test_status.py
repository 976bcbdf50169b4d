"""Errors as statuses."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from google.rpc import code_pb2
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo, RetryInfo

from trimtab.v1 import error_reason_pb2
from trimtab_server.status import CODES, ServiceError, ServiceReason, failure, refusal
from trimtab_solver.errors import Fault, Reason

PROTO = Path(__file__).parents[3] / "proto" / "trimtab" / "v1" / "error_reason.proto"


def test_every_reason_is_in_the_contract_with_its_code() -> None:
    """The reasons of the code and of the contract are the same, and the comments name the code that is sent."""
    text = PROTO.read_text()
    described = {}
    for comment, name in re.findall(r"((?:  //.*\n)+)  ERROR_REASON_(\w+) = [1-9]\d*;", text):
        (code,) = re.findall(r"Code ([A-Z_]+)\.", comment.replace("\n  //", ""))
        assert f'"reason": "{name}"' in comment
        described[name] = code
    assert described == {reason.value: code_pb2.Code.Name(code) for reason, code in CODES.items()}
    names = {name.removeprefix("ERROR_REASON_") for name in error_reason_pb2.ErrorReason.keys()}  # noqa: SIM118 - no mapping
    assert names - {"UNSPECIFIED"} == {*Reason, *ServiceReason}


def test_refusal_names_every_fault() -> None:
    """Message, ErrorInfo and violations say what is wrong, where, and how to correct it."""
    faults = [
        Fault(Reason.UNKNOWN_REFERENCE, "snapshot.vms[3].host_id", "names h9, which is not there", "correct the id"),
        Fault(Reason.OUT_OF_RANGE, "seed", "is -1"),
    ]
    info, bad_request = _details(refusal(faults))
    assert (info.reason, info.domain) == ("UNKNOWN_REFERENCE", "trimtab.v1")
    assert dict(info.metadata) == {"path": "snapshot.vms[3].host_id", "faults": "2"}
    first, second = bad_request.field_violations
    assert first.description == "names h9, which is not there; correct the id"
    assert (second.field, second.reason) == ("seed", "OUT_OF_RANGE")


@pytest.mark.parametrize("size", [1, 100, 100_000])
def test_statuses_fit_into_trailers(size: int) -> None:
    """However many and long the faults are, the status stays below the 8 KiB that clients accept, and is not empty."""
    faults = [Fault(Reason.INVALID_REQUEST, "p" * size, "ü" * size, "x" * size)] * min(size, 1000)
    error = refusal(faults)
    assert error.status.ByteSize() + len(error.status.message.encode()) * 3 < 8192
    _, bad_request = _details(error)
    assert bad_request.field_violations


def test_retry_delay_is_given() -> None:
    """A caller that should come back learns when."""
    error = failure(ServiceReason.BUSY, "busy", {"queue_size": "2"}, retry_after_s=2.5)
    retry = RetryInfo()
    assert any(detail.Unpack(retry) for detail in error.status.details)
    assert retry.retry_delay.ToMilliseconds() == 2500


def _details(error: ServiceError) -> tuple[ErrorInfo, BadRequest]:
    info, bad_request = ErrorInfo(), BadRequest()
    for detail in error.status.details:
        detail.Unpack(info)
        detail.Unpack(bad_request)
    return info, bad_request
