"""One solver process per request, forked ahead of it from a preloaded server, and watched while it works.

The front process never imports the solver's engines. A solver process that crashes, hangs or grows too large costs
its own request only; what processes are forked from is replaced when it hangs or dies (`parents`).
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Final

import structlog
from google.protobuf.empty_pb2 import Empty

from ..metrics import ServiceLoad
from ..served_policy import HeldPolicy
from ..status import ServiceError, not_started
from .fork_server import ForkServerGoneError
from .frames import Response, WorkReport
from .incoming import Incoming
from .job import Job
from .method import Method, Quota
from .parents import LOAD_S, RESTART_S, Parents
from .solver_process import SolverProcess
from .turns import Turns

_PRELOAD = "trimtab_server.preload"
"""Loads what the work needs, and the compiled kernels, or compiles them: children inherit them."""
PROBE = Method("", "Probe", Empty, Empty, Quota.REVIEW, f"{_PRELOAD}:probe")
"""The method of the job that shows whether solver processes start."""

_WATCH_S: Final = 1.0
_log = structlog.get_logger("trimtab.supervisor")


class Supervisor:
    """Starts and ends solver processes: `workers` plans at a time beside as many reviews, `queue_size` of each wait.

    So that no plan waits for a lint or a test, plans and reviews have turns of their own.
    """

    def __init__(self, workers: int, queue_size: int, preload: str = _PRELOAD) -> None:
        self._parents = Parents(preload, self._renew)
        self._ahead = workers
        self._turns = {quota: Turns(workers, queue_size) for quota in (Quota.PLAN, Quota.REVIEW)}
        self._idle: deque[SolverProcess] = deque()
        self._working: set[SolverProcess] = set()
        self._endings: set[asyncio.Task[None]] = set()
        self._keeping: tuple[asyncio.Task[None], ...] = ()
        self._wanted = asyncio.Event()
        """Set when processes are to be forked ahead."""
        self._crashes = 0
        """How many solver processes ended that should not have."""

    def load(self) -> ServiceLoad:
        """How busy it is now."""
        return ServiceLoad(
            waiting={quota: turns.waiting for quota, turns in self._turns.items()},
            working={quota: turns.working for quota, turns in self._turns.items()},
            crashes=self._crashes + self._parents.crashes,
        )

    async def start(self, probe: Job) -> None:
        """Start the fork server and see that a solver process comes up; takes seconds, because it loads the engines.

        Raises
        ------
        RuntimeError
            When it does not come up.
        """
        try:
            await self._parents.start()
        except (OSError, TimeoutError, ForkServerGoneError) as error:
            raise RuntimeError("solver processes do not start: see the message above") from error
        if not self._keeping:
            self._keeping = tuple(map(asyncio.create_task, (self._keep_ahead(), self._watch_solvers())))
        await self._probe(probe)

    async def hold(self, files: Mapping[str, bytes]) -> HeldPolicy:
        """Let every request that is worked on from now on have this policy as the server's own.

        Raises
        ------
        PolicyRefusedError
            It cannot be used; the one before it stays.
        """
        return await self._parents.hold(files)

    async def _probe(self, probe: Job) -> None:
        fault = "see its own message above"
        async with asyncio.timeout(LOAD_S), self.solver(probe, Incoming(b"")) as solver:
            async for frame in solver.frames():
                if isinstance(frame, Response):
                    return
                if isinstance(frame, WorkReport):
                    fault = frame.facts.get("fault", fault)
        raise RuntimeError(f"solver processes do not start: {fault}")

    async def follow(self, tell: Callable[[bool], Awaitable[None]]) -> None:
        """Say whether solver processes can be started now, whenever that changes, until cancelled."""
        told = True
        while True:
            if (now := self._parents.is_up.is_set()) != told:
                told = now
                await tell(now)
            await asyncio.sleep(_WATCH_S / 4)

    @contextlib.asynccontextmanager
    async def solver(self, job: Job, request: Incoming) -> AsyncIterator[SolverProcess]:
        """A process that works on `request`, once it is the client's turn; it is on its way out when the context ends.

        Raises
        ------
        ServiceError
            BUSY, when the queue is full; SOLVER_NOT_STARTED, when there is no room for another process.
        """
        async with self._turns[job.method.quota].turn(request.client, job.end_by):
            solver = await self._next(job.end_by)
            self._working.add(solver)
            self._wanted.set()
            try:
                solver.pulse.rest()
                await solver.feed(job, request.content)
                request.drop()
                yield solver
            finally:
                self._working.discard(solver)
                self._crashes += solver.has_crashed
                self._see_off(solver)

    def ask_all_for_best(self) -> None:
        """Make every running solver answer soon with what it has."""
        for solver in self._working:
            solver.ask_for_best()

    def refuse_waiting(self, error: ServiceError) -> None:
        """End the wait of every request that has not begun, with `error`."""
        for turns in self._turns.values():
            turns.close(error)

    async def close(self) -> None:
        """End every solver process and the fork server."""
        for task in self._keeping:
            task.cancel()
        await asyncio.gather(*self._keeping, return_exceptions=True)
        self._renew()
        while self._endings:
            await asyncio.wait(self._endings)
        await self._parents.close()

    def _renew(self) -> None:
        """Let processes that were forked ahead go, and others take their place."""
        while self._idle:
            self._see_off(self._idle.popleft())
        self._wanted.set()

    def _see_off(self, solver: SolverProcess) -> None:
        ending = asyncio.create_task(solver.end())
        self._endings.add(ending)
        ending.add_done_callback(self._endings.discard)

    async def _next(self, end_by: float) -> SolverProcess:
        while self._idle:
            solver = self._idle.popleft()
            if solver.is_able:
                return solver
            self._crashes += 1
            self._see_off(solver)
        while True:
            try:
                async with asyncio.timeout(max(end_by - asyncio.get_running_loop().time(), 0.0)):
                    await self._parents.is_up.wait()
                    return await self._fork()
            except ForkServerGoneError:
                continue
            except (OSError, TimeoutError) as error:
                raise not_started(str(error) or "the fork server is starting") from None

    async def _fork(self) -> SolverProcess:
        """A process that waits for a job. Raises OSError, or ForkServerGoneError."""
        ours, theirs = socket.socketpair()
        try:
            with theirs:
                forked, parent = await self._parents.fork(theirs)
        except BaseException:
            ours.close()
            raise
        ours.setblocking(False)
        return SolverProcess(forked, ours, parent)

    async def _keep_ahead(self) -> None:
        """Keep processes ready for the next requests, until cancelled."""
        while True:
            self._wanted.clear()
            while len(self._idle) < self._ahead and self._parents.is_up.is_set():
                try:
                    self._idle.append(await self._fork())
                except (OSError, ForkServerGoneError) as error:
                    _log.warning("fork_failed", error=str(error))
                    await asyncio.sleep(RESTART_S)
            await self._wanted.wait()

    async def _watch_solvers(self) -> None:
        """End every process that should work and hangs, until cancelled."""
        while True:
            await asyncio.sleep(_WATCH_S)
            for solver in tuple(self._working):
                if solver.pulse.is_hung():
                    solver.is_hung = True
                    _log.error("solver_hung", pid=solver.pid)
                    solver.kill()
