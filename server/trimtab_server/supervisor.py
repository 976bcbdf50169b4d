"""One solver process per request: started from a preloaded fork server, fed raw bytes, ended for certain.

The front process never imports the solver's engines. A solver process that crashes, hangs or grows too large costs
its own request only.
"""

from __future__ import annotations

import asyncio
import contextlib
import multiprocessing
import multiprocessing.connection
import socket
import time
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.context import ForkServerProcess
from typing import TypeVar

from .frames import Frame, FrameKind, pack, read_frame
from .job import Job
from .status import ServiceReason, failure

TERMINATE_S = 1.0
"""Seconds between asking a process to end and killing it."""

_SOLVER_MODULE = "trimtab_server.solve_child"
_WARM_MODULE = "trimtab_server.preload"
"""Loads the compiled kernels, or compiles them: children inherit them."""
_MAX_FRAME_BUFFER = 1 << 20
_START_S = 240.0
_LEAST_RETRY_S = 1.0
_MOST_RETRY_S = 60.0

ResultT = TypeVar("ResultT")


def enter_solver(connection: socket.socket, job: Job) -> None:
    """First function of a solver process."""
    # not imported above: the module loads the engines, which the front process stays free of
    from .solve_child import run

    run(connection, job)


class Solver:
    """A running solver process, seen from the front."""

    def __init__(
        self, process: ForkServerProcess, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, end_by: float
    ) -> None:
        self.process = process
        self.end_by = end_by
        self._reader = reader
        self._writer = writer

    @property
    def pid(self) -> int:
        """Its process id."""
        assert self.process.pid is not None
        return self.process.pid

    async def feed(self, request: bytes) -> None:
        """Send it the request. Whether it is alive shows when its frames are read."""
        self._writer.write(pack(FrameKind.REQUEST, request))
        with contextlib.suppress(ConnectionError):
            await self._writer.drain()

    def ask_for_best(self) -> None:
        """Make it answer soon with what it has."""
        self._writer.write(pack(FrameKind.STOP))

    async def frames(self) -> AsyncIterator[Frame]:
        """Everything it says, up to and including FINAL or ERROR; ends early when it dies."""
        try:
            while True:
                frame = await read_frame(self._reader)
                yield frame
                if frame.kind in (FrameKind.FINAL, FrameKind.ERROR):
                    return
        except (asyncio.IncompleteReadError, ConnectionError):
            return

    def hang_up(self) -> None:
        """Close the connection; a solver that notices ends itself."""
        self._writer.close()


class Supervisor:
    """Starts and ends solver processes: `workers` at a time, up to `queue_size` requests waiting."""

    def __init__(self, workers: int, queue_size: int) -> None:
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload([_SOLVER_MODULE, _WARM_MODULE])
        self._slots = asyncio.Semaphore(workers)
        self._queue_size = queue_size
        self._waiting = 0
        self._solvers: set[Solver] = set()
        self._endings: set[asyncio.Task[None]] = set()
        # one thread: process objects of the standard library are not safe to start and reap from several
        self._starter = ThreadPoolExecutor(max_workers=1, thread_name_prefix="solver-starter")

    async def start(self, probe: Job) -> None:
        """Start the fork server and see that a solver process comes up; takes seconds, because it loads the engines.

        Raises
        ------
        RuntimeError
            When it does not come up; its own message is on stderr.
        """
        async with asyncio.timeout(_START_S), self.solver(probe, b"") as solver:
            async for frame in solver.frames():
                if frame.kind is FrameKind.FINAL:
                    return
        raise RuntimeError("solver processes do not start")

    @contextlib.asynccontextmanager
    async def solver(self, job: Job, request: bytes) -> AsyncIterator[Solver]:
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
                ending = asyncio.create_task(self._end(solver))
                self._endings.add(ending)
                ending.add_done_callback(self._endings.discard)
                await asyncio.shield(ending)

    async def exit_code(self, solver: Solver) -> int | None:
        """Wait for the process to end by itself, at most `TERMINATE_S` seconds; minus the signal when one killed it."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(TERMINATE_S):
                await self._ended(solver)
        return await self._in_starter(lambda: solver.process.exitcode)

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

    async def _start(self, job: Job) -> Solver:
        ours, theirs = socket.socketpair()
        process = self._context.Process(target=enter_solver, args=(theirs, job), daemon=True)
        starting = asyncio.ensure_future(self._in_starter(process.start))
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
        return Solver(process, reader, writer, job.end_by)

    async def _end(self, solver: Solver) -> None:
        solver.hang_up()
        if not self._is_ended(solver):
            solver.process.terminate()
        try:
            async with asyncio.timeout(TERMINATE_S):
                await self._ended(solver)
        except TimeoutError:
            solver.process.kill()
            await self._ended(solver)
        await self._in_starter(solver.process.join)
        await self._in_starter(solver.process.close)

    def _is_ended(self, solver: Solver) -> bool:
        return bool(multiprocessing.connection.wait([solver.process.sentinel], timeout=0))

    async def _ended(self, solver: Solver) -> None:
        loop = asyncio.get_running_loop()
        ended = asyncio.Event()
        sentinel = solver.process.sentinel
        loop.add_reader(sentinel, ended.set)
        try:
            await ended.wait()
        finally:
            loop.remove_reader(sentinel)

    async def _in_starter(self, work: Callable[[], ResultT]) -> ResultT:
        return await asyncio.get_running_loop().run_in_executor(self._starter, work)
