"""One solver process per request, forked from a preloaded server; so many at a time, and so many requests waiting.

The front process never imports the solver's engines. A solver process that crashes, hangs or grows too large costs
its own request only.
"""

from __future__ import annotations

import asyncio
import contextlib
import multiprocessing
import socket
import time
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor

from google.protobuf.empty_pb2 import Empty

from ..status import ServiceReason, failure
from .child import run
from .frames import Response, WorkReport
from .job import Job
from .method import Method, Quota
from .solver_process import SolverProcess

_PRELOAD = "trimtab_server.preload"
"""Loads what the work needs, and the compiled kernels, or compiles them: children inherit them."""
PROBE = Method("", "Probe", Empty, Empty, Quota.REVIEW, f"{_PRELOAD}:probe")
"""The method of the job that shows whether solver processes start."""

_MAX_FRAME_BUFFER = 1 << 20
_START_S = 240.0
_LEAST_RETRY_S = 1.0
_MOST_RETRY_S = 60.0


class Supervisor:
    """Starts and ends solver processes: `workers` at a time, up to `queue_size` requests waiting."""

    def __init__(self, workers: int, queue_size: int, preload: str = _PRELOAD) -> None:
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload([preload])
        self._slots = asyncio.Semaphore(workers)
        self._queue_size = queue_size
        self._waiting = 0
        self._solvers: set[SolverProcess] = set()
        self._endings: set[asyncio.Task[None]] = set()
        # one thread: process objects of the standard library are not safe to start and reap from several
        self._starter = ThreadPoolExecutor(max_workers=1, thread_name_prefix="solver-starter")

    async def start(self, probe: Job) -> None:
        """Start the fork server and see that a solver process comes up; takes seconds, because it loads the engines.

        Raises
        ------
        RuntimeError
            When it does not come up.
        """
        fault = "see its own message above"
        async with asyncio.timeout(_START_S), self.solver(probe, b"") as solver:
            async for frame in solver.frames():
                if isinstance(frame, Response):
                    return
                if isinstance(frame, WorkReport):
                    fault = frame.facts.get("fault", fault)
        raise RuntimeError(f"solver processes do not start: {fault}")

    @contextlib.asynccontextmanager
    async def solver(self, job: Job, request: bytes) -> AsyncIterator[SolverProcess]:
        """A process that works on `request`, once a slot is free; it is gone when the context is left, however.

        Raises
        ------
        ServiceError
            BUSY, when the queue is full.
        """
        async with self._slot():
            solver = await self._start(job)
            self._solvers.add(solver)
            try:
                await solver.feed(request)
                yield solver
            finally:
                self._solvers.discard(solver)
                ending = asyncio.create_task(solver.end())
                self._endings.add(ending)
                ending.add_done_callback(self._endings.discard)
                await asyncio.shield(ending)

    def ask_all_for_best(self) -> None:
        """Make every running solver answer soon with what it has."""
        for solver in self._solvers:
            solver.ask_for_best()

    async def close(self) -> None:
        """Wait until every solver process is gone. The fork server ends with this process."""
        while self._endings:
            await asyncio.wait(self._endings)
        self._starter.shutdown(wait=False)

    @contextlib.asynccontextmanager
    async def _slot(self) -> AsyncIterator[None]:
        if self._slots.locked() and self._waiting >= self._queue_size:
            raise failure(
                ServiceReason.BUSY,
                f"all solvers work and {self._waiting} requests wait already; try again later",
                {"queue_size": str(self._queue_size)},
                retry_after_s=self._next_free_s(),
            )
        self._waiting += 1
        try:
            await self._slots.acquire()
        finally:
            self._waiting -= 1
        try:
            yield
        finally:
            self._slots.release()

    def _next_free_s(self) -> float:
        soonest = min((solver.end_by for solver in self._solvers), default=0.0)
        return min(max(soonest - time.monotonic(), _LEAST_RETRY_S), _MOST_RETRY_S)

    async def _start(self, job: Job) -> SolverProcess:
        ours, theirs = socket.socketpair()
        process = self._context.Process(target=run, args=(theirs, job), daemon=True)
        starting = asyncio.get_running_loop().run_in_executor(self._starter, process.start)
        try:
            try:
                await asyncio.shield(starting)
            finally:
                # a start cannot be called off half-way, and the process needs its end of the pair until it runs
                await starting
                theirs.close()
            reader, writer = await asyncio.open_connection(sock=ours, limit=_MAX_FRAME_BUFFER)
        except BaseException:
            ours.close()
            if process.pid is not None:
                process.kill()
            raise
        return SolverProcess(process, reader, writer, self._starter, job.end_by)
