"""From the table of methods to handlers for gRPC. They have no deserializers: the front process parses no request."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from itertools import groupby
from typing import Any

import grpc

from trimtab.v1 import planning_service_pb2 as pb

from ..convert.request import seconds_to_proto
from ..dispatch.dispatcher import Dispatcher
from ..dispatch.flights import Flight, Newest
from ..dispatch.incoming import Incoming
from ..dispatch.method import Method, Quota
from ..served_policy import ServedPolicy

Respond = Callable[[Incoming, Any], Awaitable[bytes]]
"""From a request and the call's grpc.aio.ServicerContext to the bytes of the response."""
Stream = Callable[[Incoming, Any], AsyncIterator[bytes]]
"""The same with many responses."""


def service_handlers(
    methods: Iterable[Method], dispatcher: Dispatcher, served: ServedPolicy, progress_interval_s: float
) -> tuple[grpc.GenericRpcHandler, ...]:
    """One handler for each service in `methods`, whose methods stand together."""

    def handler(method: Method) -> grpc.RpcMethodHandler[Incoming, bytes]:
        if method.is_whole:
            return grpc.unary_stream_rpc_method_handler(stream_whole(method, dispatcher))
        if method.is_streaming:
            return grpc.unary_stream_rpc_method_handler(stream_solved(method, dispatcher, progress_interval_s))
        read = method.quota is Quota.READ
        return grpc.unary_unary_rpc_method_handler(
            respond_read(method, served) if read else respond_solved(method, dispatcher)
        )

    return tuple(
        grpc.method_handlers_generic_handler(service, {method.name: handler(method) for method in its_methods})
        for service, its_methods in groupby(methods, lambda method: method.service)
    )


def respond_read(method: Method, served: ServedPolicy) -> Respond:
    """Answer in this process."""
    read = method.load_work()

    async def respond(request: Incoming, context: Any) -> bytes:  # noqa: ARG001 - as the others have it
        request.drop()
        return read(served).SerializeToString()

    return respond


def respond_solved(method: Method, dispatcher: Dispatcher) -> Respond:
    """Give the response of a solver process."""

    async def respond(request: Incoming, context: Any) -> bytes:
        flight = await dispatcher.flight(method, request, context.time_remaining())
        with flight.joined():
            return await flight.response()

    return respond


def stream_solved(method: Method, dispatcher: Dispatcher, interval_s: float) -> Stream:
    """Say when the request is accepted, report at most once in `interval_s`, and give the answer."""

    async def respond(request: Incoming, context: Any) -> AsyncIterator[bytes]:
        flight = await dispatcher.flight(method, request, context.time_remaining())
        with flight.joined() as updates:
            if not await flight.accepted():
                await flight.response()
            accepted = pb.Accepted(request_id=flight.request_id, time_budget=seconds_to_proto(flight.budget_s))
            yield pb.StreamPlanResponse(accepted=accepted).SerializeToString()
            async for progress in _paced(updates, flight, interval_s):
                yield progress
            yield await flight.response()

    return respond


def stream_whole(method: Method, dispatcher: Dispatcher) -> Stream:
    """Give everything that a solver process says, in order."""

    async def respond(request: Incoming, context: Any) -> AsyncIterator[bytes]:
        flight = await dispatcher.flight(method, request, context.time_remaining())
        with flight.joined():
            async for message in flight.messages.until(flight.task):
                yield message
            yield await flight.response()

    return respond


async def _paced(updates: Newest, flight: Flight, interval_s: float) -> AsyncIterator[bytes]:
    """Progress as it comes, at most one in `interval_s`, until the flight is over."""
    while True:
        waiting = asyncio.create_task(updates.wait())
        try:
            await asyncio.wait((waiting, flight.task), return_when=asyncio.FIRST_COMPLETED)
        finally:
            waiting.cancel()
        newest = updates.take()
        if newest is not None:
            yield newest
        if flight.task.done():
            return
        await asyncio.wait((flight.task,), timeout=interval_s)
