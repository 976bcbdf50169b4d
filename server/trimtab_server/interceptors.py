"""Around every call of our services: errors become statuses with details, and each call is logged once."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, Final

import grpc
import structlog

from trimtab.v1 import planning_service_pb2

from .metrics import Metrics
from .services import grpc_code
from .status import DETAILS_KEY, ServiceError, ServiceReason, failure, reason_of

_PACKAGE: Final = planning_service_pb2.DESCRIPTOR.package
_log = structlog.get_logger("trimtab.calls")

Handler = Any
"""grpc.RpcMethodHandler; its fields are not declared in the types that grpc publishes."""


class CallInterceptor(grpc.aio.ServerInterceptor):
    """Turns `ServiceError` into its status, anything else into INTERNAL_FAILURE; logs and counts every call."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics

    async def intercept_service(
        self, continuation: Callable[[grpc.HandlerCallDetails], Awaitable[Handler]], details: grpc.HandlerCallDetails
    ) -> Handler:
        """Wrap the handlers of our services; health and reflection are left as they are."""
        handler = await continuation(details)
        if handler is None or not details.method.startswith(f"/{_PACKAGE}."):
            return handler
        if handler.response_streaming:
            return grpc.unary_stream_rpc_method_handler(_streaming(handler.unary_stream, details.method, self._metrics))
        return grpc.unary_unary_rpc_method_handler(_unary(handler.unary_unary, details.method, self._metrics))


def _unary(
    respond: Callable[[bytes, Any], Awaitable[bytes]], method: str, metrics: Metrics
) -> Callable[[bytes, Any], Awaitable[bytes]]:
    async def responding(request: bytes, context: Any) -> bytes:
        call = _Call(method, request, context, metrics)
        try:
            response = await respond(request, context)
        except BaseException as error:
            raise await call.fail(error) from error
        call.end("OK", response_bytes=len(response))
        return response

    return responding


def _streaming(
    respond: Callable[[bytes, Any], AsyncIterator[bytes]], method: str, metrics: Metrics
) -> Callable[[bytes, Any], AsyncIterator[bytes]]:
    async def responding(request: bytes, context: Any) -> AsyncIterator[bytes]:
        call = _Call(method, request, context, metrics)
        sent = 0
        try:
            async for response in respond(request, context):
                sent += len(response)
                yield response
        except BaseException as error:
            raise await call.fail(error) from error
        call.end("OK", response_bytes=sent)

    return responding


class _Call:
    def __init__(self, method: str, request: bytes, context: Any, metrics: Metrics) -> None:
        self._method = method
        self._request_bytes = len(request)
        self._context = context
        self._metrics = metrics
        # asked for at once: the context of a call that the client has left is no longer to be touched
        self._peer = context.peer()
        self._began = time.monotonic()

    def end(self, code: str, reason: str = "", response_bytes: int = 0, **more: Any) -> None:
        """Log and count it."""
        duration_s = time.monotonic() - self._began
        self._metrics.call_ended(self._method, code, reason, duration_s)
        _log.info(
            "call_ended",
            method=self._method,
            code=code,
            peer=self._peer,
            request_bytes=self._request_bytes,
            response_bytes=response_bytes,
            duration_s=round(duration_s, 3),
            **more,
        )

    async def fail(self, error: BaseException) -> BaseException:
        """End the call with the status of `error`; gives what to raise, when gRPC has not raised already."""
        if isinstance(error, (asyncio.CancelledError, GeneratorExit)):
            self.end("CANCELLED")
            return error
        if not isinstance(error, ServiceError):
            _log.error("call_failed", method=self._method, exc_info=error)
            error = failure(ServiceReason.INTERNAL_FAILURE, "the request failed because of a defect in trimtab")
        code = grpc_code(error.status)
        self.end(code.name, reason_of(error.status), message=error.status.message)
        await self._context.abort(
            code, error.status.message, trailing_metadata=((DETAILS_KEY, error.status.SerializeToString()),)
        )
        return error
