"""The fork server, seen from the front: started, asked to fork, watched, and ended when it hangs."""

from __future__ import annotations

import asyncio
import contextlib
import os
import select
import signal
import socket
import subprocess
import sys
import threading
from collections import OrderedDict, deque
from dataclasses import dataclass
from typing import Final, Protocol

from .forking import ENDED, FAILED, FORK, FORKED, HOLD, MOST_BYTES, NUMBERS, PING
from .pulse import Pulse

_REMEMBERED_ENDS: Final = 1000


@dataclass(frozen=True, slots=True)
class Forked:
    """A process that was forked. Its pidfd is the caller's to close."""

    pid: int
    pidfd: int


class ForkServerGoneError(Exception):
    """The fork server ended, or was ended, before it did what it was asked for."""


class _Process(Protocol):
    """What is asked of the process, however it was started."""

    @property
    def pid(self) -> int: ...

    def kill(self) -> None: ...

    def wait(self) -> object: ...


class _ForkedProcess:
    """A process that another one reaps."""

    def __init__(self, forked: Forked) -> None:
        self.pid = forked.pid
        self._pidfd = forked.pidfd

    def kill(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(self._pidfd, signal.SIGKILL)

    def wait(self) -> None:
        # a pidfd can be read when its process has ended
        select.select([self._pidfd], [], [])
        os.close(self._pidfd)


class ForkServer:
    """One process, from its start to its end; what comes after it is another one."""

    def __init__(self, process: _Process, control: socket.socket) -> None:
        control.setblocking(False)
        self._process = process
        self._control = control
        self._pulse = Pulse(process.pid)
        self._asked: deque[asyncio.Future[Forked | None]] = deque()
        """What it was asked for and has not answered, in its order; at first, to load."""
        self._exit_codes: OrderedDict[int, int] = OrderedDict()
        self.ended = asyncio.Event()
        """Set when the process is gone."""
        self._loop = asyncio.get_running_loop()
        self._loaded = self._loop.create_future()
        self._asked.append(self._loaded)
        self._loop.add_reader(control, self._hear)

    @classmethod
    def start(cls, preload: str) -> ForkServer:
        """A new process, which loads the module `preload`. Raises OSError."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            script = (
                f"import sys; sys.path[:] = {sys.path!r}; from {__package__}.forking import main; "
                f"main({theirs.fileno()}, {preload!r})"
            )
            try:
                process = subprocess.Popen(  # noqa: S603 - this interpreter and a text of our own
                    [sys.executable, "-c", script], stdin=subprocess.DEVNULL, pass_fds=(theirs.fileno(),)
                )
            except BaseException:
                ours.close()
                raise
        return cls(process, ours)

    async def hold(self, policy: int) -> ForkServer:
        """A process forked from this one that reads the policy in a memory file, and is a fork server then.

        Raises
        ------
        ForkServerGoneError
            This one ended first.
        OSError
            The system has no room for another process.
        """
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        try:
            with theirs:
                forked = await self._ask(HOLD, [theirs.fileno(), policy])
        except BaseException:
            ours.close()
            raise
        assert forked is not None
        return ForkServer(_ForkedProcess(forked), ours)

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    async def loaded(self) -> None:
        """Wait until it has loaded everything. Raises ForkServerGoneError when it ended instead."""
        await asyncio.shield(self._loaded)

    async def fork(self, connection: socket.socket) -> Forked:
        """A new process that talks over `connection`.

        Raises
        ------
        ForkServerGoneError
            The fork server ended first.
        OSError
            The system has no room for another process.
        """
        forked = await self._ask(FORK, [connection.fileno()])
        assert forked is not None
        return forked

    def exit_code(self, pid: int) -> int | None:
        """How a forked process ended, if that is known."""
        return self._exit_codes.get(pid)

    async def watch(self, interval_s: float = 1.0) -> None:
        """Ask for a sign of life from time to time, and end the process when it gives none; returns when it is gone."""
        while not self.ended.is_set():
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.ended.wait(), interval_s)
            if not self._asked:
                self._pulse.rest()
                self._ask(PING, [])
            elif self._pulse.is_hung():
                self.end()

    def end(self) -> None:
        """End it now. What it has forked goes on."""
        if not self.ended.is_set():
            self._process.kill()
            self.retire()

    def retire(self) -> None:
        """Let it end when all that it has forked has ended; it forks nothing more."""
        if self.ended.is_set():
            return
        self.ended.set()
        self._loop.remove_reader(self._control)
        self._control.close()
        # in a thread of its own: a process deep in the kernel, or with work below it, ends late
        threading.Thread(target=self._process.wait, name="fork-server-end", daemon=True).start()
        for waiting in self._asked:
            if not waiting.done():
                waiting.set_exception(ForkServerGoneError("the fork server ended"))
                # nobody may wait for a sign of life
                waiting.exception()

    def _ask(self, message: bytes, descriptors: list[int]) -> asyncio.Future[Forked | None]:
        answer: asyncio.Future[Forked | None] = self._loop.create_future()
        try:
            if self.ended.is_set():
                raise ForkServerGoneError("the fork server ended")
            socket.send_fds(self._control, [message], descriptors)
        except (ForkServerGoneError, OSError) as error:
            answer.set_exception(ForkServerGoneError(str(error)))
            answer.exception()
            return answer
        self._asked.append(answer)
        return answer

    def _hear(self) -> None:
        with contextlib.suppress(BlockingIOError):
            while not self.ended.is_set():
                try:
                    message, descriptors, _, _ = socket.recv_fds(self._control, MOST_BYTES, 1)
                except ConnectionError:
                    message, descriptors = b"", []
                if not message:
                    self.end()
                    return
                number, code = NUMBERS.unpack(message[1:])
                self._take(message[:1], number, code, descriptors)

    def _take(self, kind: bytes, number: int, code: int, descriptors: list[int]) -> None:
        if kind == ENDED:
            self._exit_codes[number] = code
            while len(self._exit_codes) > _REMEMBERED_ENDS:
                self._exit_codes.popitem(last=False)
            return
        answer = self._asked.popleft()
        if answer.cancelled():
            # whoever asked has left: its process sees that the other end of its connection is closed
            for descriptor in descriptors:
                os.close(descriptor)
        elif kind == FAILED:
            answer.set_exception(OSError(number, os.strerror(number)))
        else:
            answer.set_result(Forked(number, descriptors[0]) if kind == FORKED else None)
