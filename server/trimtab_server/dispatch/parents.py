"""What solver processes are forked from: the fork server, or the process below it that holds the served policy."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Callable, Mapping
from typing import Final

import structlog

from trimtab_solver.errors import Fault, PolicyRefusedError, Reason

from ..served_policy import HeldPolicy
from .fork_server import Forked, ForkServer, ForkServerGoneError
from .held_policy import memory_file, what_was_read

RESTART_S: Final = 1.0
"""Seconds between the end of a process that others are forked from and the start of the next."""
LOAD_S: Final = 240.0
"""How long it may take to load the engines, or to read a policy."""

_log = structlog.get_logger("trimtab.parents")


class Parents:
    """Keeps the fork server and, once there is a served policy, the process that holds it; `on_change` hears of both.

    A policy is read once, in a process of its own: one that ends the process that reads it costs nothing else.
    """

    def __init__(self, preload: str, on_change: Callable[[], None]) -> None:
        self._preload = preload
        self._on_change = on_change
        self._root: ForkServer | None = None
        self._holder: ForkServer | None = None
        self._files: Mapping[str, bytes] | None = None
        """Of the served policy."""
        self._keeping_root: asyncio.Task[None] | None = None
        self._keeping_holder: asyncio.Task[None] | None = None
        self._root_is_up = asyncio.Event()
        self.is_up = asyncio.Event()
        """Set while processes can be forked."""
        self.crashes = 0
        """How many of both ended that should not have."""

    async def start(self) -> None:
        """Start the fork server, once. Raises OSError, ForkServerGoneError or TimeoutError."""
        if self._keeping_root is None:
            self._root = await _loaded(ForkServer.start(self._preload))
            self._root_is_up.set()
            self._keeping_root = asyncio.create_task(self._keep_root(self._root))
            self._tell()

    async def hold(self, files: Mapping[str, bytes]) -> HeldPolicy:
        """Let every process that is forked from now on have the policy in these files.

        Raises
        ------
        PolicyRefusedError
            It cannot be used, or ends the process that reads it; the policy before it stays.
        """
        await self._root_is_up.wait()
        try:
            holder, policy = await self._read(files)
        except (OSError, ForkServerGoneError, TimeoutError) as error:
            message = f"could not be read: the process that read it was ended ({error or 'it took too long'})"
            fault = Fault(Reason.MALFORMED_FILE, "policy", message, "take out what was changed last")
            raise PolicyRefusedError([fault]) from error
        former, self._files, self._holder = self._holder, files, holder
        if self._keeping_holder is not None:
            self._keeping_holder.cancel()
        if former is not None:
            former.retire()
        self._keeping_holder = asyncio.create_task(self._keep_holder())
        self._tell()
        return policy

    async def fork(self, connection: socket.socket) -> tuple[Forked, ForkServer]:
        """A process that talks over `connection`, and what it was forked from. Raises OSError, ForkServerGoneError."""
        parent = self._root if self._files is None else self._holder
        if parent is None:
            raise ForkServerGoneError
        return await parent.fork(connection), parent

    async def close(self) -> None:
        """End both."""
        tasks = [task for task in (self._keeping_holder, self._keeping_root) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for server in (self._holder, self._root):
            if server is not None:
                server.end()

    async def _read(self, files: Mapping[str, bytes]) -> tuple[ForkServer, HeldPolicy]:
        if self._root is None:
            raise ForkServerGoneError
        with memory_file(files) as memory:
            holder = await _loaded(await self._root.hold(memory))
            try:
                return holder, what_was_read(memory)
            except BaseException:
                holder.end()
                raise

    async def _keep_root(self, root: ForkServer) -> None:
        while True:
            await root.watch()
            self._root = None
            self._root_is_up.clear()
            self._tell()
            self.crashes += 1
            _log.error("fork_server_ended", pid=root.pid)
            root = self._root = await self._started_again()
            self._root_is_up.set()
            self._tell()
            _log.info("fork_server_restarted", pid=root.pid)

    async def _started_again(self) -> ForkServer:
        while True:
            with contextlib.suppress(OSError, ForkServerGoneError, TimeoutError):
                return await _loaded(ForkServer.start(self._preload))
            await asyncio.sleep(RESTART_S)

    async def _keep_holder(self) -> None:
        while True:
            if (holder := self._holder) is not None:
                await holder.watch()
                self._holder = None
                self._tell()
                self.crashes += 1
                _log.error("policy_process_ended", pid=holder.pid)
            await self._root_is_up.wait()
            try:
                assert self._files is not None
                self._holder, _ = await self._read(self._files)
            except (OSError, ForkServerGoneError, TimeoutError, PolicyRefusedError) as error:
                # it was read before: what is missing is room, or time
                _log.warning("policy_process_not_restarted", error=str(error))
                await asyncio.sleep(RESTART_S)
                continue
            self._tell()
            _log.info("policy_process_restarted", pid=self._holder.pid)

    def _tell(self) -> None:
        if (self._root if self._files is None else self._holder) is None:
            self.is_up.clear()
        else:
            self.is_up.set()
            self._on_change()


async def _loaded(server: ForkServer) -> ForkServer:
    """The same, when it has loaded everything. Raises ForkServerGoneError or TimeoutError."""
    watching = asyncio.create_task(server.watch())
    try:
        async with asyncio.timeout(LOAD_S):
            await server.loaded()
    except BaseException:
        server.end()
        raise
    finally:
        watching.cancel()
    return server
