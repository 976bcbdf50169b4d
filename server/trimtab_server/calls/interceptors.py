"""The links around every call, in their order: identity, quotas and audit are further ones, after `recorded`."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from typing import Any, Final

import structlog
from google.rpc import code_pb2
from grpc_status import rpc_status

from ..metrics import Metrics
from ..status import ServiceError, ServiceReason, failure, reason_of
from .chain import Call, Link
from .receiving import TOO_LARGE, RequestTooLargeError

_CLOCKS_S: Final = 0.05
"""How far apart the clocks of deadlines may be."""
_log = structlog.get_logger("trimtab.calls")


def links_around_calls(metrics: Metrics) -> tuple[Link, ...]:
    """The links, the outermost first."""
    return (aborted, recorded(metrics), defended)


@contextlib.asynccontextmanager
async def aborted(call: Call) -> AsyncIterator[None]:
    """A call that fails ends with the status of its error, details included."""
    try:
        yield
    except ServiceError as error:
        await call.context.abort_with_status(rpc_status.to_status(error.status))


def recorded(metrics: Metrics) -> Link:
    """Every call is logged and counted once, however it ends."""

    @contextlib.asynccontextmanager
    async def link(call: Call) -> AsyncIterator[None]:
        began = time.monotonic()

        def record(code: str, reason: str = "", **more: Any) -> None:
            duration_s = time.monotonic() - began
            metrics.call_ended(call.method, code, reason, duration_s)
            _log.info(
                "call_ended",
                method=call.method,
                code=code,
                peer=call.peer,
                request_bytes=call.request_bytes,
                response_bytes=call.response_bytes,
                duration_s=round(duration_s, 3),
                **more,
            )

        try:
            yield
        except ServiceError as error:
            status = error.status
            record(code_pb2.Code.Name(status.code), reason_of(status), message=status.message)
            raise
        except (asyncio.CancelledError, GeneratorExit) as ending:
            # both look alike from here; the caller has its own clock
            if call.deadline is not None and time.monotonic() > call.deadline - _CLOCKS_S:
                record("DEADLINE_EXCEEDED")
            elif isinstance(ending, RequestTooLargeError):
                record("RESOURCE_EXHAUSTED", TOO_LARGE)
            else:
                record("CANCELLED")
            raise
        record("OK")

    return link


@contextlib.asynccontextmanager
async def defended(call: Call) -> AsyncIterator[None]:
    """An error that nobody foresaw is logged, and is INTERNAL_FAILURE for the caller."""
    try:
        yield
    except ServiceError:
        raise
    except Exception as error:  # logged whole; callers learn no inside
        _log.exception("call_failed", method=call.method)
        text = "the request failed because of a defect in trimtab"
        raise failure(ServiceReason.INTERNAL_FAILURE, text) from error
