"""Whose request is worked on next: so many at a time, so many waiting, and every client in its turn."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import Counter, OrderedDict, deque
from collections.abc import AsyncIterator
from typing import Final

from ..status import ServiceError, ServiceReason, failure

_LEAST_RETRY_S: Final = 0.1
_MOST_RETRY_S: Final = 60.0
_FIRST_GUESS_S: Final = 1.0
"""How long a request takes before any was measured."""
_NEWEST_SHARE: Final = 0.2
"""How much the newest measurement counts in the mean."""


class Turns:
    """`places` requests at a time; one more for a client that has none under way; `queue_size` wait.

    The next turn is that of the client with the fewest requests under way, and among those of the one that has waited
    longest since its last turn. In a full queue the client with the most waiting requests makes room for one with none.
    """

    def __init__(self, places: int, queue_size: int) -> None:
        self._places = places
        self._queue_size = queue_size
        self._working: Counter[str] = Counter()
        self._waiting: OrderedDict[str, deque[asyncio.Future[None]]] = OrderedDict()
        """By client; the one whose turn was longest ago first."""
        self._began: dict[object, tuple[float, float]] = {}
        """When each turn began, and by when it should end."""
        self._mean_s = _FIRST_GUESS_S
        self._promised_until = 0.0
        self._closed_by: ServiceError | None = None

    @property
    def waiting(self) -> int:
        """How many requests wait."""
        return sum(map(len, self._waiting.values()))

    @property
    def working(self) -> int:
        """How many requests are under way."""
        return self._working.total()

    @contextlib.asynccontextmanager
    async def turn(self, client: str, end_by: float) -> AsyncIterator[None]:
        """Wait for a turn, which lasts as long as the context; it should be over at `end_by` (`time.monotonic`).

        Raises
        ------
        ServiceError
            BUSY, when the queue is full; whatever `close` was given.
        """
        await self._take(client)
        key = object()
        began = time.monotonic()
        self._began[key] = (began, end_by)
        try:
            yield
        finally:
            del self._began[key]
            self._mean_s += _NEWEST_SHARE * (time.monotonic() - began - self._mean_s)
            self._leave(client)

    def close(self, error: ServiceError) -> None:
        """Refuse whoever waits, and whoever comes, with `error`; turns that have begun go on."""
        self._closed_by = error
        for futures in self._waiting.values():
            for future in futures:
                _refuse(future, error)
        self._waiting.clear()

    async def _take(self, client: str) -> None:
        if self._closed_by is not None:
            raise self._closed_by
        if self._is_free_for(client):
            # then nobody else waits who could have the place
            self._working[client] += 1
            return
        self._make_room(client)
        future = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(client, deque()).append(future)
        try:
            await future
        except asyncio.CancelledError:
            self._forget(client, future)
            if future.done() and not future.cancelled() and future.exception() is None:
                # the turn came in the same moment
                self._leave(client)
            raise

    def _is_free_for(self, client: str) -> bool:
        return self.working < self._places or (self.working == self._places and not self._working[client])

    def _make_room(self, client: str) -> None:
        if self.waiting < self._queue_size:
            return
        greediest = max(self._waiting, key=lambda name: len(self._waiting[name]), default=client)
        if client in self._waiting or len(self._waiting.get(greediest, ())) < 2:
            raise self._busy()
        future = self._waiting[greediest].pop()
        _refuse(future, self._busy())

    def _leave(self, client: str) -> None:
        self._working[client] -= 1
        self._working += Counter()  # names that count nothing are forgotten
        while (name := self._next()) is not None:
            future = self._waiting[name].popleft()
            self._waiting.move_to_end(name)
            if not self._waiting[name]:
                del self._waiting[name]
            if not future.done():
                self._working[name] += 1
                future.set_result(None)

    def _next(self) -> str | None:
        able = [name for name in self._waiting if self._is_free_for(name)]
        return min(able, key=lambda name: self._working[name], default=None)

    def _forget(self, client: str, future: asyncio.Future[None]) -> None:
        futures = self._waiting.get(client)
        if futures is not None and future in futures:
            futures.remove(future)
            if not futures:
                del self._waiting[client]

    def _busy(self) -> ServiceError:
        return failure(
            ServiceReason.BUSY,
            f"all solvers work and {self.waiting} requests wait already; try again later",
            {"queue_size": str(self._queue_size)},
            retry_after_s=self._promise(),
        )

    def _promise(self) -> float:
        """Seconds until a place is free for one more: each caller that is refused is told a later one."""
        now = time.monotonic()
        soonest = min((self._rest_s(began, end_by, now) for began, end_by in self._began.values()), default=0.0)
        since_last = self._mean_s / self._places
        self._promised_until = max(now + soonest, self._promised_until + since_last)
        # what was promised long ahead is not kept for callers that may never come back
        self._promised_until = min(self._promised_until, now + _MOST_RETRY_S)
        return max(self._promised_until - now, _LEAST_RETRY_S)

    def _rest_s(self, began: float, end_by: float, now: float) -> float:
        """How long a turn goes on: as long as others do, and one that is older than those as long again."""
        age = now - began
        rest = self._mean_s - age if age < self._mean_s else age
        return max(min(rest, end_by - now), 0.0)


def _refuse(future: asyncio.Future[None], error: ServiceError) -> None:
    if not future.done():
        # each its own: an exception that is raised again and again keeps every frame it has passed
        future.set_exception(ServiceError(error.status))
