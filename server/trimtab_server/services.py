"""The planning service, seen from gRPC: raw bytes in, raw bytes out; solver processes do what lies between."""

from __future__ import annotations

import asyncio
import functools
import hashlib
import json
import time
from collections.abc import AsyncIterator
from typing import Any, Final

import grpc
import structlog
from google.rpc.status_pb2 import Status

from trimtab.v1 import planning_service_pb2 as pb

from .config import Settings
from .convert.request import seconds_to_proto
from .frames import FrameKind
from .job import LEAST_BUDGET_S, Job
from .metrics import Metrics
from .replays import Flight, Newest, Replays
from .served_policy import ServedPolicy
from .status import ServiceError, ServiceReason, failure, too_short
from .supervisor import Supervisor

SERVICE_NAME: Final = pb.DESCRIPTOR.services_by_name["PlanningService"].full_name

_LEAST_MARGIN_S = 0.5
_MARGIN_SHARE = 0.2
_HASH_INLINE_BYTES = 1 << 20
_BEST_AT_SHARE = 0.7

_log = structlog.get_logger("trimtab.services")

Context = grpc.aio.ServicerContext[bytes, bytes]


class PlanningService:
    """Handlers of trimtab.v1.PlanningService."""

    def __init__(self, settings: Settings, served: ServedPolicy, supervisor: Supervisor, metrics: Metrics) -> None:
        self._settings = settings
        self._served = served
        self._supervisor = supervisor
        self._metrics = metrics
        self._replays = Replays(settings.remembered_answers, settings.remembered_mib << 20)
        self._is_draining = False

    def handler(self) -> grpc.GenericRpcHandler:
        """The handler to add to a server. It has no deserializers: requests are not parsed in this process."""
        return grpc.method_handlers_generic_handler(
            SERVICE_NAME,
            {
                "CreatePlan": grpc.unary_unary_rpc_method_handler(self.create_plan),
                "StreamPlan": grpc.unary_stream_rpc_method_handler(self.stream_plan),
                "VerifyPlan": grpc.unary_unary_rpc_method_handler(self.verify_plan),
            },
        )

    async def create_plan(self, request: bytes, context: Context) -> bytes:
        """Plan and answer once."""
        flight = await self._flight("CreatePlan", request, context)
        with flight.joined():
            return await flight.response()

    async def stream_plan(self, request: bytes, context: Context) -> AsyncIterator[bytes]:
        """Plan, and report on the way."""
        flight = await self._flight("StreamPlan", request, context)
        with flight.joined() as updates:
            if not await flight.accepted():
                await flight.response()
            accepted = pb.Accepted(request_id=flight.request_id, time_budget=seconds_to_proto(flight.budget_s))
            yield pb.StreamPlanResponse(accepted=accepted).SerializeToString()
            async for progress in _paced(updates, flight, self._settings.progress_interval_s):
                yield progress
            yield await flight.response()

    async def verify_plan(self, request: bytes, context: Context) -> bytes:
        """Replay a plan."""
        return await self.run("VerifyPlan", request, context)

    async def run(self, method: str, request: bytes, context: Context) -> bytes:
        """What a solver process answers to a request of a method that is not repeated or reported on."""
        self._refuse_when_draining()
        key = (method, await _digest(request))
        flight = self._replays.launch(key, functools.partial(self._work, self._job(method, context), request))
        with flight.joined():
            return await flight.response()

    async def drain(self, grace_s: float) -> None:
        """Take nothing new, and finish what is there: by itself, then with the best so far, at last with an error."""
        self._is_draining = True
        if not await self._wait_for_flights(grace_s * _BEST_AT_SHARE):
            self._supervisor.ask_all_for_best()
            await self._wait_for_flights(grace_s * (1 - _BEST_AT_SHARE))
        for flight in self._replays.flying:
            flight.end(_shutting_down())
        await self._wait_for_flights(None)

    def probe(self) -> Job:
        """The job that shows whether solver processes start."""
        settings = self._settings
        return Job("", time.monotonic(), False, 0.0, 0.0, settings.solver_threads, settings.memory_mib << 20, None)

    async def _flight(self, method: str, request: bytes, context: Context) -> Flight:
        self._refuse_when_draining()
        job = self._job(method, context)
        if job.has_deadline and job.end_by - time.monotonic() < LEAST_BUDGET_S:
            raise too_short(_remaining_s(context) or 0.0, _LEAST_MARGIN_S + LEAST_BUDGET_S)
        key = (method, await _digest(request))
        flight = await self._replays.find(key)
        if flight is None:
            return self._replays.launch(key, functools.partial(self._work, job, request))
        _log.info("request_joined", method=method, request_sha256=key[1].hex(), request_id=flight.request_id)
        return flight

    async def _work(self, job: Job, request: bytes, flight: Flight) -> bytes:
        began = time.monotonic()
        report: dict[str, Any] = {}
        status = "OK"
        try:
            async with self._supervisor.solver(job, request) as solver:
                report |= {"waited_s": round(time.monotonic() - began, 3), "pid": solver.pid}
                try:
                    async with asyncio.timeout_at(self._end_at(job.end_by - time.monotonic())) as limit:
                        async for kind, content in solver.frames():
                            if kind is FrameKind.ACCEPTED:
                                accepted = json.loads(content)
                                self._replays.claim(flight, accepted["request_id"])
                                flight.accept(accepted["request_id"], accepted["budget_s"])
                                limit.reschedule(self._end_at(accepted["budget_s"]))
                            elif kind is FrameKind.PROGRESS:
                                flight.publish(content)
                            elif kind is FrameKind.REPORT:
                                report |= json.loads(content)
                                if "outcome" in report:
                                    self._metrics.plan_made(report["outcome"])
                            elif kind is FrameKind.ERROR:
                                raise ServiceError(Status.FromString(content))
                            else:
                                return content
                except TimeoutError:
                    raise _overran(flight.budget_s) from None
                raise _crashed(await self._supervisor.exit_code(solver))
        except BaseException as error:
            status = _reason_of(error)
            raise
        finally:
            _log.info(
                "request_decided",
                method=job.method,
                status=status,
                request_sha256=flight.key[1].hex(),
                request_id=flight.request_id,
                request_bytes=len(request),
                duration_s=round(time.monotonic() - began, 3),
                **report,
            )

    def _job(self, method: str, context: Context) -> Job:
        settings = self._settings
        end_in_s = settings.max_budget_s
        remaining_s = _remaining_s(context)
        if remaining_s is not None:
            end_in_s = min(end_in_s, remaining_s - max(_LEAST_MARGIN_S, _MARGIN_SHARE * remaining_s))
        return Job(
            method=method,
            end_by=time.monotonic() + end_in_s,
            has_deadline=remaining_s is not None,
            default_budget_s=settings.default_budget_s,
            max_budget_s=settings.max_budget_s,
            threads=settings.solver_threads,
            memory_bytes=settings.memory_mib << 20,
            policy=self._served.policy,
        )

    def _end_at(self, budget_s: float) -> float:
        return asyncio.get_running_loop().time() + max(budget_s, 0.0) + self._settings.overrun_s

    def _refuse_when_draining(self) -> None:
        if self._is_draining:
            raise _shutting_down()

    async def _wait_for_flights(self, timeout_s: float | None) -> bool:
        tasks = [flight.task for flight in self._replays.flying]
        if tasks:
            await asyncio.wait(tasks, timeout=timeout_s)
        return not self._replays.flying


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


async def _digest(request: bytes) -> bytes:
    if len(request) <= _HASH_INLINE_BYTES:
        return hashlib.sha256(request).digest()
    return await asyncio.to_thread(lambda: hashlib.sha256(request).digest())


def _remaining_s(context: Context) -> float | None:
    return context.time_remaining()


def _shutting_down() -> ServiceError:
    return failure(ServiceReason.SHUTTING_DOWN, "the server is shutting down; try another one, or later")


def _overran(budget_s: float) -> ServiceError:
    text = f"the solver did not end after its budget of {budget_s:.3f} s and was ended"
    return failure(ServiceReason.SOLVER_OVERRAN, text, {"budget_s": f"{budget_s:.3f}"})


def _crashed(exit_code: int | None) -> ServiceError:
    text = f"the process that worked on the request died (exit code {exit_code}); other requests are not affected"
    return failure(ServiceReason.SOLVER_CRASHED, text, {"exit_code": str(exit_code)})


def _reason_of(error: BaseException) -> str:
    if isinstance(error, asyncio.CancelledError):
        return "CANCELLED"
    return grpc_code(error.status).name if isinstance(error, ServiceError) else "INTERNAL"


def grpc_code(status: Status) -> grpc.StatusCode:
    """The gRPC code of a google.rpc.Status."""
    return next(code for code in grpc.StatusCode if code.value[0] == status.code)
