"""What lies around every call of our services: links, each a context that lasts as long as the call."""

from __future__ import annotations

import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any

import grpc

from ..dispatch.incoming import Room
from .handlers import Respond, Stream
from .receiving import receive

_Handler = Any
"""grpc.RpcMethodHandler; its fields are not declared in the types that grpc publishes."""


@dataclass(slots=True)
class Call:
    """One call, while it lasts."""

    method: str
    """Its full name with slashes."""
    peer: str
    context: Any
    """Its grpc.aio.ServicerContext; not to be touched once the client has left."""
    deadline: float | None = None
    """When the caller stops waiting, by `time.monotonic`."""
    request_bytes: int = 0
    """0 until the request is received, which is inside of all links."""
    response_bytes: int = 0
    """Sent so far."""


Link = Callable[[Call], AbstractAsyncContextManager[None]]
"""Entered before the handler; may refuse by raising. Sees on leaving how the handler and the links inside it ended."""


class Chain(grpc.aio.ServerInterceptor):
    """Puts links around the calls of one package, the first outermost; others, such as health, are left as they are.

    Every request is taken for a stream of one message, so that it is received when there is `room`, and not before.
    """

    def __init__(self, package: str, links: Sequence[Link], room: Room) -> None:
        self._room = room
        self._prefix = f"/{package}."
        self._links = tuple(links)

    async def intercept_service(
        self, continuation: Callable[[grpc.HandlerCallDetails], Awaitable[_Handler]], details: grpc.HandlerCallDetails
    ) -> _Handler:
        """The handler of the call with the links around it."""
        handler = await continuation(details)
        if handler is None or not details.method.startswith(self._prefix):
            return handler
        if handler.response_streaming:
            return grpc.stream_stream_rpc_method_handler(self._streaming(handler.unary_stream, details.method))
        return grpc.stream_unary_rpc_method_handler(self._unary(handler.unary_unary, details.method))

    def _unary(self, respond: Respond, method: str) -> Callable[[Any, Any], Awaitable[bytes]]:
        async def responding(_requests: Any, context: Any) -> bytes:
            async with self._around(_call(method, context)) as call:
                request = await receive(context, call.peer, self._room)
                call.request_bytes = request.size
                response = await respond(request, context)
                call.response_bytes += len(response)
                return response

        return responding

    def _streaming(self, respond: Stream, method: str) -> Callable[[Any, Any], AsyncIterator[bytes]]:
        async def responding(_requests: Any, context: Any) -> AsyncIterator[bytes]:
            async with self._around(_call(method, context)) as call:
                request = await receive(context, call.peer, self._room)
                call.request_bytes = request.size
                async for response in respond(request, context):
                    call.response_bytes += len(response)
                    yield response

        return responding

    @contextlib.asynccontextmanager
    async def _around(self, call: Call) -> AsyncIterator[Call]:
        async with contextlib.AsyncExitStack() as stack:
            for link in self._links:
                await stack.enter_async_context(link(call))
            yield call


def _call(method: str, context: Any) -> Call:
    # the peer is asked for at once: the context of a call that the client has left is no longer to be touched
    remaining_s = context.time_remaining()
    return Call(method, context.peer(), context, None if remaining_s is None else time.monotonic() + remaining_s)
