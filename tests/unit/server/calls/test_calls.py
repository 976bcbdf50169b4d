"""Calls as gRPC makes them, with solvers that follow a script."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any, NamedTuple, NoReturn

import grpc
import pytest
from google.rpc.status_pb2 import Status
from structlog.testing import capture_logs

from tests.support.solving import ScriptedSolvers, Step, dispatcher_of, unserved
from trimtab.v1 import planning_service_pb2 as pb
from trimtab.v1 import policy_service_pb2
from trimtab_server.calls.chain import Call, Chain, Link
from trimtab_server.calls.handlers import service_handlers
from trimtab_server.calls.interceptors import links_around_calls
from trimtab_server.calls.methods import METHODS
from trimtab_server.dispatch.frames import Accepted, ProgressMessage, Response
from trimtab_server.dispatch.incoming import Room
from trimtab_server.metrics import Metrics
from trimtab_server.status import ServiceReason, failure, reason_of

_BY_NAME = {method.name: method for method in METHODS}
_BOTH = pytest.mark.parametrize("method", ["CreatePlan", "StreamPlan"])


class _AbortedError(Exception):
    """What gRPC raises in a handler that ends its call."""

    def __init__(self, status: grpc.Status) -> None:
        self.code = status.code
        self.text = status.details
        self.status = Status.FromString(dict(status.trailing_metadata)["grpc-status-details-bin"])


class _Context:
    """A call without a deadline, of one request."""

    def __init__(self, request: bytes) -> None:
        self._request = request

    async def read(self) -> bytes:
        return self._request

    def peer(self) -> str:
        return "ipv4:192.0.2.1:1"

    def time_remaining(self) -> None:
        return None

    async def abort_with_status(self, status: grpc.Status) -> NoReturn:
        raise _AbortedError(status)


class _Details(NamedTuple):
    method: str
    invocation_metadata: Any = None


class _Server:
    """Handlers of all methods with the usual links, and `links` inside them."""

    def __init__(self, *steps: Step, links: Sequence[Link] = ()) -> None:
        served = unserved()
        self.metrics = Metrics(served)
        self.solvers = ScriptedSolvers(lambda: steps)
        self._chain = Chain("trimtab.v1", (*links_around_calls(self.metrics), *links), Room(1000))
        self._services = service_handlers(METHODS, dispatcher_of(self.solvers), served, 0.001)

    async def call(self, name: str, request: bytes = b"", see: Callable[[bytes], None] = lambda _: None) -> list[bytes]:
        """Every response; `see` gets each as it comes. Raises what reaches gRPC."""
        details = _Details(_BY_NAME[name].path)

        async def find(details: Any) -> Any:
            found = [service.service(details) for service in self._services]
            return next(handler for handler in found if handler is not None)

        handler: Any = await self._chain.intercept_service(find, details)  # type: ignore[arg-type]  # has its fields
        if not handler.response_streaming:
            return [await handler.stream_unary(None, _Context(request))]
        responses = []
        async for response in handler.stream_stream(None, _Context(request)):
            responses.append(response)
            see(response)
        return responses

    def counted(self, method: str, code: str, reason: str = "") -> float | None:
        """Calls that the metrics know."""
        labels = {"method": method, "code": code, "reason": reason}
        return self.metrics._registry.get_sample_value("trimtab_calls_total", labels)


def test_a_stream_is_accepted_reports_and_answers() -> None:
    """In this order; every message of the solver arrives as it is, and the call is logged and counted once."""

    async def scenario() -> _Server:
        seen = asyncio.Event()
        server = _Server(Accepted("id", 2.0), ProgressMessage(b"progress"), seen, Response(b"answer"))

        def see(response: bytes) -> None:
            if response == b"progress":
                seen.set()

        first, *others = await server.call("StreamPlan", see=see)
        accepted = pb.StreamPlanResponse.FromString(first).accepted
        assert (accepted.request_id, accepted.time_budget.seconds) == ("id", 2)
        assert others == [b"progress", b"answer"]
        return server

    with capture_logs() as log:
        server = asyncio.run(scenario())
    assert server.counted("StreamPlan", "OK") == 1
    (ended,) = [entry for entry in log if entry["event"] == "call_ended"]
    assert (ended["code"], ended["response_bytes"] > len("progressanswer")) == ("OK", True)


def test_what_the_front_reads_itself_starts_no_solver() -> None:
    """Without a policy of its own the server says so."""
    server = _Server()
    (response,) = asyncio.run(server.call("GetServedPolicy"))
    assert response == policy_service_pb2.GetServedPolicyResponse().SerializeToString()
    assert not server.solvers.jobs


@_BOTH
def test_errors_arrive_with_their_details(method: str) -> None:
    """The status in the trailers, its code and text for clients that read no details; logged and counted."""
    server = _Server(Accepted("id", 1.0))
    with capture_logs() as log, pytest.raises(_AbortedError) as error:
        asyncio.run(server.call(method))
    assert error.value.code is grpc.StatusCode.INTERNAL
    assert error.value.text == error.value.status.message
    assert reason_of(error.value.status) == "SOLVER_CRASHED"
    assert server.counted(method, "INTERNAL", "SOLVER_CRASHED") == 1
    (ended,) = [entry for entry in log if entry["event"] == "call_ended"]
    assert "exit code -9" in ended["message"]


@_BOTH
def test_defects_are_logged_and_hidden(method: str) -> None:
    """What nobody foresaw is a traceback in the log and INTERNAL_FAILURE for the caller."""
    server = _Server(Response(b""), Response(b""))
    server.solvers.script = lambda: [None]  # type: ignore[list-item]  # the planted defect
    with capture_logs() as log, pytest.raises(_AbortedError) as error:
        asyncio.run(server.call(method))
    assert reason_of(error.value.status) == "INTERNAL_FAILURE"
    assert "None" not in error.value.status.message
    assert server.counted(method, "INTERNAL", "INTERNAL_FAILURE") == 1
    assert [entry["event"] for entry in log] == ["request_decided", "call_failed", "call_ended"]
    assert log[1]["exc_info"]


@_BOTH
def test_a_link_may_refuse_before_anything_starts(method: str) -> None:
    """As quotas will: the refusal is a status, is recorded, nothing was received, and no solver has begun."""
    calls: list[Call] = []

    @asynccontextmanager
    async def refuse(call: Call) -> AsyncIterator[None]:
        calls.append(call)
        if call.peer:
            raise failure(ServiceReason.BUSY, "not you", retry_after_s=1)
        yield

    server = _Server(links=[refuse])
    with pytest.raises(_AbortedError) as error:
        asyncio.run(server.call(method, b"12"))
    assert error.value.text == "not you"
    assert not server.solvers.jobs
    assert server.counted(method, "RESOURCE_EXHAUSTED", "BUSY") == 1
    (call,) = calls
    assert (call.method, call.peer) == (f"/trimtab.v1.PlanningService/{method}", "ipv4:192.0.2.1:1")
    assert (call.request_bytes, call.response_bytes) == (0, 0)


@_BOTH
def test_a_call_that_its_client_leaves_is_recorded(method: str) -> None:
    """As cancelled; its solver is ended."""

    async def scenario() -> _Server:
        server = _Server(Accepted("id", 60.0), asyncio.Event())
        call = asyncio.create_task(server.call(method))
        while not server.solvers.jobs:
            await asyncio.sleep(0)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        while not server.solvers.ended:
            await asyncio.sleep(0)
        return server

    assert asyncio.run(scenario()).counted(method, "CANCELLED") == 1


def test_a_stream_that_is_closed_between_two_responses_is_recorded() -> None:
    """GRPC closes the generator of a client that left: that is no defect."""

    async def scenario() -> _Server:
        server = _Server(Accepted("id", 60.0), asyncio.Event())

        def leave(response: bytes) -> None:
            raise GeneratorExit

        with pytest.raises(GeneratorExit):
            await server.call("StreamPlan", see=leave)
        while not server.solvers.ended:
            await asyncio.sleep(0)
        return server

    assert asyncio.run(scenario()).counted("StreamPlan", "CANCELLED") == 1


def test_links_lie_around_each_other_in_their_order() -> None:
    """The first is entered first and left last."""
    order: list[str] = []

    def link(name: str) -> Link:
        @asynccontextmanager
        async def around(call: Call) -> AsyncIterator[None]:
            order.append(f"{name} in")
            yield
            order.append(f"{name} out {call.response_bytes}")

        return around

    server = _Server(Response(b"12"), links=[link("a"), link("b")])
    assert asyncio.run(server.call("VerifyPlan")) == [b"12"]
    assert order == ["a in", "b in", "b out 2", "a out 2"]


def test_calls_of_other_services_are_left_alone() -> None:
    """Health and reflection have no links, and what nobody serves stays unserved."""

    async def scenario() -> None:
        chain = Chain("trimtab.v1", links_around_calls(Metrics(unserved())), Room(1))
        other = object()

        async def find(details: Any) -> Any:
            return other if "grpc.health" in details.method else None

        assert await chain.intercept_service(find, _Details("/grpc.health.v1.Health/Check")) is other  # type: ignore[arg-type]
        assert await chain.intercept_service(find, _Details("/trimtab.v1.No/Such")) is None  # type: ignore[arg-type]

    asyncio.run(scenario())
