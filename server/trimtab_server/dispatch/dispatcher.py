"""What becomes of a call: it is refused, joins the same call, gets the answer of an earlier one, or is worked on."""

from __future__ import annotations

import asyncio
import functools
import hashlib
import time
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from typing import Any, Protocol

import structlog
from google.rpc import code_pb2

from ..config import Settings
from ..metrics import Metrics
from ..status import ServiceError, ServiceReason, failure
from .answers import Answers, Given, Key
from .budget import check_deadline, most_s, time_to_work_s
from .flights import Flight, Flights
from .frames import Accepted, Failed, Frame, ProgressMessage, Response, WorkReport
from .incoming import Incoming
from .job import Job
from .method import Method, Quota
from .request_id import has_request_id

_HASH_INLINE_BYTES = 1 << 20
_BEST_AT_SHARE = 0.7

_log = structlog.get_logger("trimtab.dispatch")


class Solver(Protocol):
    """A solver process at work on one request."""

    @property
    def pid(self) -> int:
        """Its process id."""

    @property
    def is_hung(self) -> bool:
        """Whether it was ended because it gave no sign of life."""

    def frames(self) -> AsyncIterator[Frame]:
        """Everything it says, up to and including the response or status; ends early when it dies."""

    async def exit_code(self) -> int | None:
        """How it ended, once it has; minus the signal when one killed it, None when it still runs."""


class Solvers(Protocol):
    """Starts solver processes, and ends them."""

    def solver(self, job: Job, request: Incoming) -> AbstractAsyncContextManager[Solver]:
        """A process that works on `request`, which it drops, when it is the client's turn; raises ServiceError."""

    def ask_all_for_best(self) -> None:
        """Make every running solver answer soon with what it has."""

    def refuse_waiting(self, error: ServiceError) -> None:
        """End the wait of every request that has not begun, with `error`."""


class Dispatcher:
    """Takes requests as bytes and gives responses as bytes; solver processes do what lies between."""

    def __init__(self, settings: Settings, solvers: Solvers, answers: Answers, metrics: Metrics) -> None:
        self._settings = settings
        self._solvers = solvers
        self._answers = answers
        self._metrics = metrics
        self._flights = Flights()
        self._is_draining = False

    async def flight(self, method: Method, request: Incoming, remaining_s: float | None) -> Flight:
        """The work on the request: begun, or the one that is under way for the same request.

        `remaining_s` is what is left until the caller's deadline, if there is one. The request is dropped as soon as
        it is not needed any more.

        Raises
        ------
        ServiceError
            SHUTTING_DOWN, or DEADLINE_TOO_SHORT.
        """
        try:
            return await self._flight(method, request, remaining_s)
        except BaseException:
            request.drop()
            raise

    async def _flight(self, method: Method, request: Incoming, remaining_s: float | None) -> Flight:
        if self._is_draining:
            raise _shutting_down()
        job = self.job(method, remaining_s)
        if method.quota is Quota.PLAN:
            check_deadline(job.end_by - time.monotonic(), remaining_s)
        key = (method.name, await _digest(request.content))
        flight = (
            self._flights.find(key) if method.takes_request_id and has_request_id(method, request.content) else None
        )
        if flight is None:
            return self._flights.launch(key, functools.partial(self._answer, job, request))
        request.drop()
        _log_joined(flight)
        return flight

    async def drain(self, grace_s: float) -> None:
        """Take nothing new, and finish what is there: by itself, then with the best so far, at last with an error."""
        self._is_draining = True
        self._solvers.refuse_waiting(_shutting_down())
        if not await self._wait_for_flights(grace_s * _BEST_AT_SHARE):
            self._solvers.ask_all_for_best()
            await self._wait_for_flights(grace_s * (1 - _BEST_AT_SHARE))
        for flight in self._flights.flying:
            flight.end(_shutting_down())
        await self._wait_for_flights(None)

    def job(self, method: Method, remaining_s: float | None = None) -> Job:
        """What a solver process that begins now is told."""
        settings = self._settings
        return Job(
            method=method,
            end_by=time.monotonic() + time_to_work_s(settings.max_budget_s, remaining_s),
            has_deadline=remaining_s is not None,
            default_budget_s=settings.default_budget_s,
            max_budget_s=settings.max_budget_s,
            threads=settings.solver_threads,
            memory_bytes=settings.memory_mib << 20,
            answer_bytes=settings.message_mib << 20,
        )

    async def _answer(self, job: Job, request: Incoming, flight: Flight) -> bytes:
        try:
            return await self._remembered_or_made(job, request, flight)
        finally:
            request.drop()

    async def _remembered_or_made(self, job: Job, request: Incoming, flight: Flight) -> bytes:
        """The response that is remembered, or the one of a solver process, which is remembered from now on."""
        if job.method.takes_request_id and (given := await self._answers.find(flight.key)) is not None:
            flight.accept(given.request_id, given.budget_s)
            _log_joined(flight)
            return given.response
        response = await self._logged(job, request, flight)
        if flight.request_id:
            await self._answers.keep(Given(flight.key, flight.request_id, flight.budget_s, response))
        return response

    async def _logged(self, job: Job, request: Incoming, flight: Flight) -> bytes:
        began = time.monotonic()
        facts: dict[str, Any] = {}
        status = "OK"
        try:
            return await self._solve(job, request, flight, facts)
        except BaseException as error:
            status = _code_of(error)
            raise
        finally:
            _log.info(
                "request_decided",
                method=job.method.name,
                status=status,
                request_sha256=flight.key[1].hex(),
                request_id=flight.request_id,
                request_bytes=request.size,
                duration_s=round(time.monotonic() - began, 3),
                **facts,
            )

    async def _solve(self, job: Job, request: Incoming, flight: Flight, facts: dict[str, Any]) -> bytes:
        """The response of a solver process; what there is to log is added to `facts` as it comes."""
        began = time.monotonic()
        async with self._solvers.solver(job, request) as solver:
            started = time.monotonic()
            waited_s = started - began
            self._metrics.waited(job.method.quota, waited_s)
            facts |= {"waited_s": round(waited_s, 3), "pid": solver.pid}
            # a search ends by itself when its time is over, other work does not
            is_search = job.method.quota is Quota.PLAN
            end_at = self._end_at(job.end_by - started, started) if is_search else job.end_by
            try:
                async with asyncio.timeout_at(end_at) as limit:
                    response = await self._follow(solver, flight, limit, started, facts, is_whole=job.method.is_whole)
            except TimeoutError:
                raise (_overran(flight.budget_s) if is_search else _not_done(time.monotonic() - began)) from None
            if response is None and solver.is_hung:
                raise _hung()
            if response is None:
                raise _crashed(await solver.exit_code())
            return response

    async def _follow(
        self,
        solver: Solver,
        flight: Flight,
        limit: asyncio.Timeout,
        started: float,
        facts: dict[str, Any],
        *,
        is_whole: bool,
    ) -> bytes | None:
        """Do as its frames say; gives the response, None when the solver ends without one."""
        async for frame in solver.frames():
            match frame:
                case Accepted(request_id, budget_s, is_timed):
                    await self._claim(flight, request_id)
                    flight.accept(request_id, budget_s)
                    limit.reschedule(self._end_at(budget_s, started) if is_timed else None)
                case ProgressMessage(content):
                    if is_whole:
                        await flight.messages.put(content)
                    else:
                        flight.publish(content)
                case WorkReport():
                    facts |= frame.facts
                    self._count(frame)
                case Failed(status):
                    raise ServiceError(status)
                case Response(content):
                    return content
                case _:
                    raise TypeError(f"a solver process sent a {type(frame).__name__}")
        return None

    def _count(self, report: WorkReport) -> None:
        if report.outcome:
            self._metrics.plan_made(report.outcome)
        for engine in report.engine_faults:
            self._metrics.engine_failed(engine)
        for reason in report.quarantined:
            self._metrics.record_quarantined(reason)

    async def _claim(self, flight: Flight, request_id: str) -> None:
        if not request_id:
            return
        owner = self._flights.claim(flight, request_id)
        if owner == flight.key and (given := await self._answers.find_id(request_id)) is not None:
            owner = given.key
        if owner != flight.key:
            raise _reused(request_id, owner)

    def _end_at(self, budget_s: float, started: float) -> float:
        """When a process that started then is ended, by the clock of the event loop, `time.monotonic`."""
        return started + min(max(budget_s, 0.0) + self._settings.overrun_s, most_s(budget_s))

    async def _wait_for_flights(self, timeout_s: float | None) -> bool:
        tasks = [flight.task for flight in self._flights.flying]
        if tasks:
            await asyncio.wait(tasks, timeout=timeout_s)
        return not self._flights.flying


async def _digest(request: bytes) -> bytes:
    if len(request) <= _HASH_INLINE_BYTES:
        return hashlib.sha256(request).digest()
    return await asyncio.to_thread(lambda: hashlib.sha256(request).digest())


def _log_joined(flight: Flight) -> None:
    name, digest = flight.key
    _log.info("request_joined", method=name, request_sha256=digest.hex(), request_id=flight.request_id)


def _shutting_down() -> ServiceError:
    return failure(ServiceReason.SHUTTING_DOWN, "the server is shutting down; try another one, or later")


def _overran(budget_s: float) -> ServiceError:
    # a request that is not read yet has no budget
    after = f"after its budget of {budget_s:.3f} s" if budget_s else "in time"
    text = f"the solver did not end {after} and was ended"
    return failure(ServiceReason.SOLVER_OVERRAN, text, {"budget_s": f"{budget_s:.3f}"})


def _not_done(worked_s: float) -> ServiceError:
    text = f"the work was ended after {worked_s:.1f} s, before the deadline; send less at a time, or a later deadline"
    return failure(ServiceReason.WORK_NOT_DONE, text, {"worked_s": f"{worked_s:.3f}"})


def _hung() -> ServiceError:
    text = "the process that worked on the request gave no sign of life and was ended; send the request again"
    return failure(ServiceReason.SOLVER_HUNG, text, retry_after_s=1.0)


def _crashed(exit_code: int | None) -> ServiceError:
    text = f"the process that worked on the request died (exit code {exit_code}); other requests are not affected"
    return failure(ServiceReason.SOLVER_CRASHED, text, {"exit_code": str(exit_code)})


def _reused(request_id: str, owner: Key) -> ServiceError:
    text = f"request_id {request_id!r} was used for a {owner[0]} request with other content; use a new id"
    return failure(ServiceReason.REQUEST_ID_REUSED, text, {"request_id": request_id})


def _code_of(error: BaseException) -> str:
    if isinstance(error, asyncio.CancelledError):
        return "CANCELLED"
    return code_pb2.Code.Name(error.status.code) if isinstance(error, ServiceError) else "INTERNAL"
