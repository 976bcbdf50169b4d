"""A running solver process, seen from the front: fed raw bytes, listened to, ended for certain."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
from collections.abc import AsyncIterator, Callable
from typing import Final

from .fork_server import Forked, ForkServer
from .frames import Failed, Frame, Request, Response, Stop, read_frame, send_frame
from .job import Job
from .pulse import Pulse

LEAVE_S: Final = 1.0
"""Seconds that a process has to end by itself once it has said all it had to say."""


class SolverProcess:
    """The process and the connection to it, which is not blocking. It waits for a job until it is fed."""

    def __init__(self, forked: Forked, connection: socket.socket, parent: ForkServer) -> None:
        self.pid = forked.pid
        self.parent = parent
        self.is_hung = False
        """Whether it was ended because it gave no sign of life."""
        self._pidfd = forked.pidfd
        self._connection = connection
        self._sending = asyncio.Lock()
        self._asking: asyncio.Task[None] | None = None
        self._has_answered = False
        self._ended = asyncio.Event()
        self.pulse = Pulse(forked.pid)
        asyncio.get_running_loop().add_reader(forked.pidfd, self._mark_ended)

    @property
    def is_able(self) -> bool:
        """Whether it could be given a job: neither ended nor stopped."""
        return not self._ended.is_set() and self.pulse.is_able()

    @property
    def has_crashed(self) -> bool:
        """Whether it ended, or had to be ended, without an answer and before anybody was done with it."""
        return self.is_hung or (self._ended.is_set() and not self._has_answered)

    async def feed(self, job: Job, request: bytes) -> None:
        """Send it the job and the request. Whether it is alive shows when its frames are read."""
        with contextlib.suppress(ConnectionError):
            async with self._sending:
                await send_frame(self._connection, job)
                await send_frame(self._connection, Request(request))

    def ask_for_best(self) -> None:
        """Make it answer soon with what it has."""
        self._asking = asyncio.create_task(self._ask())

    async def frames(self) -> AsyncIterator[Frame]:
        """Everything it says, up to and including the response or status; ends early when it dies."""
        with contextlib.suppress(EOFError, ConnectionError):
            while not self._has_answered:
                frame = await read_frame(self._connection)
                self._has_answered = isinstance(frame, Response | Failed)
                yield frame

    async def exit_code(self) -> int | None:
        """Wait for it to end by itself, at most `LEAVE_S` seconds; minus the signal when one killed it."""
        if await self._within(LEAVE_S, self._ended.is_set):
            # the fork server says how, right after
            await self._within(LEAVE_S, lambda: self.parent.exit_code(self.pid) is not None)
        return self.parent.exit_code(self.pid)

    def kill(self) -> None:
        """End it now."""
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(self._pidfd, signal.SIGKILL)

    async def end(self) -> None:
        """See that it ends: by itself when it has answered, else at once."""
        if not self._has_answered or not await self._within(LEAVE_S, self._ended.is_set):
            self.kill()
            await self._ended.wait()
        if self._asking is not None:
            self._asking.cancel()
        self._connection.close()
        os.close(self._pidfd)

    async def _ask(self) -> None:
        with contextlib.suppress(ConnectionError):
            async with self._sending:
                await send_frame(self._connection, Stop())

    def _mark_ended(self) -> None:
        self._ended.set()
        asyncio.get_running_loop().remove_reader(self._pidfd)

    @staticmethod
    async def _within(limit_s: float, holds: Callable[[], bool]) -> bool:
        end_by = asyncio.get_running_loop().time() + limit_s
        while not holds():
            if asyncio.get_running_loop().time() > end_by:
                return False
            await asyncio.sleep(0.01)
        return True
