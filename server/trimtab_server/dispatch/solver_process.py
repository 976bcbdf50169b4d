"""A running solver process, seen from the front: fed raw bytes, listened to, ended for certain."""

from __future__ import annotations

import asyncio
import contextlib
import multiprocessing.connection
from collections.abc import AsyncIterator, Callable
from concurrent.futures import Executor
from multiprocessing.context import ForkServerProcess
from typing import TypeVar

from .frames import Failed, Frame, Request, Response, Stop, encode, read_frame

TERMINATE_S = 1.0
"""Seconds between asking a process to end and killing it."""

ResultT = TypeVar("ResultT")


class SolverProcess:
    """The process and the connection to it.

    Parameters
    ----------
    starter
        The one thread that starts and reaps processes: those of the standard library are not safe in several.
    end_by
        When it should be done, as `time.monotonic` counts.
    """

    def __init__(
        self,
        process: ForkServerProcess,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        starter: Executor,
        end_by: float,
    ) -> None:
        self.end_by = end_by
        self._process = process
        self._reader = reader
        self._writer = writer
        self._starter = starter

    @property
    def pid(self) -> int:
        """Its process id."""
        assert self._process.pid is not None
        return self._process.pid

    async def feed(self, request: bytes) -> None:
        """Send it the request. Whether it is alive shows when its frames are read."""
        self._writer.write(encode(Request(request)))
        with contextlib.suppress(ConnectionError):
            await self._writer.drain()

    def ask_for_best(self) -> None:
        """Make it answer soon with what it has."""
        self._writer.write(encode(Stop()))

    async def frames(self) -> AsyncIterator[Frame]:
        """Everything it says, up to and including the response or status; ends early when it dies."""
        try:
            while True:
                frame = await read_frame(self._reader)
                yield frame
                if isinstance(frame, Response | Failed):
                    return
        except (asyncio.IncompleteReadError, ConnectionError):
            return

    async def exit_code(self) -> int | None:
        """Wait for it to end by itself, at most `TERMINATE_S` seconds; minus the signal when one killed it."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(TERMINATE_S):
                await self._ended()
        return await self._in_starter(lambda: self._process.exitcode)

    async def end(self) -> None:
        """End it: by closing the connection, then by SIGTERM, at last by SIGKILL."""
        self._writer.close()
        if not multiprocessing.connection.wait([self._process.sentinel], timeout=0):
            self._process.terminate()
        try:
            async with asyncio.timeout(TERMINATE_S):
                await self._ended()
        except TimeoutError:
            self._process.kill()
            await self._ended()
        await self._in_starter(self._process.join)
        await self._in_starter(self._process.close)

    async def _ended(self) -> None:
        loop = asyncio.get_running_loop()
        ended = asyncio.Event()
        sentinel = self._process.sentinel
        loop.add_reader(sentinel, ended.set)
        try:
            await ended.wait()
        finally:
            loop.remove_reader(sentinel)

    async def _in_starter(self, work: Callable[[], ResultT]) -> ResultT:
        return await asyncio.get_running_loop().run_in_executor(self._starter, work)
