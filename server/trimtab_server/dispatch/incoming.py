"""The bytes of a request from their arrival until a solver process has them, and the room that they take."""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Callable
from typing import Final

from ..memory import give_back_holes

_LARGEST_AT_ONCE: Final = 3
"""How many messages of the largest size there is room for."""
_LARGEST_OF_A_CLIENT: Final = 2


class Incoming:
    """The bytes of one request. Whoever is done with them drops them: calls last longer than their requests."""

    def __init__(self, content: bytes, client: str = "", drop: Callable[[], None] = lambda: None) -> None:
        self.client = client
        self.size = len(content)
        self._content = content
        self._drop: Callable[[], None] | None = drop

    @property
    def content(self) -> bytes:
        """The bytes; empty when they were dropped."""
        return self._content

    def drop(self) -> None:
        """Forget the bytes, and give their room to others."""
        self._content = b""
        give_back_holes(self.size)
        drop, self._drop = self._drop, None
        if drop is not None:
            drop()


class Room:
    """How many bytes of requests the front process holds: nothing is received before there is room for all of it.

    How large a message is shows only when it is there, so each takes the room of the largest until then. No client has
    more than two thirds of the room.
    """

    def __init__(self, largest_bytes: int) -> None:
        self.largest_bytes = largest_bytes
        self._free = _LARGEST_AT_ONCE * largest_bytes
        self._of_client: Counter[str] = Counter()
        self._waiting: deque[tuple[str, asyncio.Future[None]]] = deque()

    async def take(self, client: str) -> None:
        """Wait for room for a message of any size, first come, first served."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((client, future))
        self._hand_out()
        try:
            await future
        except asyncio.CancelledError:
            if future.done() and not future.cancelled():
                self.give(client, self.largest_bytes)
            raise

    def give(self, client: str, size: int) -> None:
        """Give back the room of `size` bytes."""
        self._free += size
        self._of_client[client] -= size
        if not self._of_client[client]:
            del self._of_client[client]
        self._hand_out()

    def _hand_out(self) -> None:
        largest = self.largest_bytes
        kept: deque[tuple[str, asyncio.Future[None]]] = deque()
        while self._waiting and self._free >= largest:
            client, future = self._waiting.popleft()
            if future.done():
                continue
            if self._of_client[client] + largest > _LARGEST_OF_A_CLIENT * largest:
                kept.append((client, future))
                continue
            self._free -= largest
            self._of_client[client] += largest
            future.set_result(None)
        self._waiting.extendleft(reversed(kept))
