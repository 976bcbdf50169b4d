"""Requests on their way: what makes a repeated call join the one that runs.

The front does not parse requests, so a call is first known by the digest of its bytes; its `request_id` is learnt from
the solver process that parses it.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

from ..status import ServiceError
from .answers import Key

_AHEAD = 16
"""How many messages a caller may be behind the work, where none is left out."""


class Newest:
    """A place for one value: what is not fetched in time is replaced."""

    def __init__(self) -> None:
        self._value: bytes | None = None
        self._filled = asyncio.Event()

    def put(self, value: bytes) -> None:
        """Replace what is there."""
        self._value = value
        self._filled.set()

    def take(self) -> bytes | None:
        """What is there, if anything; the place is empty afterwards."""
        value, self._value = self._value, None
        self._filled.clear()
        return value

    async def wait(self) -> None:
        """Wait until something is there."""
        await self._filled.wait()


class InOrder:
    """A queue for values, all of which are fetched: who puts one in waits while it is full."""

    def __init__(self) -> None:
        self._values: asyncio.Queue[bytes] = asyncio.Queue(maxsize=_AHEAD)

    async def put(self, value: bytes) -> None:
        """Add it, as soon as there is room."""
        await self._values.put(value)

    async def until(self, over: asyncio.Task[bytes]) -> AsyncIterator[bytes]:
        """Every value as it comes, until the task is over and nothing is left."""
        while not over.done():
            getting = asyncio.create_task(self._values.get())
            try:
                await asyncio.wait((getting, over), return_when=asyncio.FIRST_COMPLETED)
            finally:
                # one that is called off leaves its value in the queue
                if not getting.done():
                    getting.cancel()
            if getting.done():
                yield getting.result()
        await asyncio.sleep(0)
        while not self._values.empty():
            yield self._values.get_nowait()


class Flight:
    """One piece of work and everybody who waits for it; called off when nobody does any more."""

    def __init__(self, key: Key, work: Callable[[Flight], Awaitable[bytes]]) -> None:
        self.key = key
        self.request_id = ""
        self.budget_s = 0.0
        self._is_accepted = asyncio.Event()
        self._watchers: set[Newest] = set()
        self.messages = InOrder()
        """What the work says on the way, for a method of which all of that is delivered: it has one caller."""
        self._callers = 0
        self._ended_by: ServiceError | None = None
        self.task: asyncio.Task[bytes] = asyncio.create_task(self._run(work), name=f"flight-{key[0]}")

    @property
    def is_over(self) -> bool:
        """Whether it is finished or being called off."""
        return self.task.done() or self.task.cancelling() > 0

    @contextlib.contextmanager
    def joined(self) -> Iterator[Newest]:
        """Keep it going while the context lasts; gives the place where progress appears."""
        watcher = Newest()
        self._watchers.add(watcher)
        self._callers += 1
        try:
            yield watcher
        finally:
            self._watchers.discard(watcher)
            self._callers -= 1
            if not self._callers:
                self.task.cancel()

    async def accepted(self) -> bool:
        """Wait until it is accepted (true) or over without that (false)."""
        accepting = asyncio.create_task(self._is_accepted.wait())
        try:
            await asyncio.wait((accepting, self.task), return_when=asyncio.FIRST_COMPLETED)
        finally:
            accepting.cancel()
        return self._is_accepted.is_set()

    async def response(self) -> bytes:
        """The response; raises what the work raised."""
        return await asyncio.shield(self.task)

    def accept(self, request_id: str, budget_s: float) -> None:
        """Make known what the solver process read."""
        self.request_id, self.budget_s = request_id, budget_s
        self._is_accepted.set()

    def publish(self, progress: bytes) -> None:
        """Tell every caller; each sees the newest only."""
        for watcher in self._watchers:
            watcher.put(progress)

    def end(self, error: ServiceError) -> None:
        """Stop the work; everybody who waits gets `error`."""
        self._ended_by = error
        self.task.cancel()

    async def _run(self, work: Callable[[Flight], Awaitable[bytes]]) -> bytes:
        try:
            return await work(self)
        except asyncio.CancelledError:
            if self._ended_by is not None:
                raise self._ended_by from None
            raise


class Flights:
    """Every flight that is not finished, by the bytes of its request and by its request id."""

    def __init__(self) -> None:
        self._flying: set[Flight] = set()
        self._by_key: dict[Key, Flight] = {}
        self._by_id: dict[str, Flight] = {}

    @property
    def flying(self) -> frozenset[Flight]:
        """Every flight that is not finished."""
        return frozenset(self._flying)

    def find(self, key: Key) -> Flight | None:
        """A flight for the same bytes."""
        flight = self._by_key.get(key)
        return flight if flight is not None and not flight.is_over else None

    def launch(self, key: Key, work: Callable[[Flight], Awaitable[bytes]]) -> Flight:
        """Begin the work."""
        flight = Flight(key, work)
        self._flying.add(flight)
        self._by_key.setdefault(key, flight)
        flight.task.add_done_callback(lambda _: self._land(flight))
        return flight

    def claim(self, flight: Flight, request_id: str) -> Key:
        """Let `request_id` stand for the flight until it is finished; gives the key of the flight it stands for now."""
        owner = self._by_id.setdefault(request_id, flight)
        if owner is flight:
            flight.request_id = request_id
        return owner.key

    def _land(self, flight: Flight) -> None:
        self._flying.discard(flight)
        if self._by_key.get(flight.key) is flight:
            del self._by_key[flight.key]
        if self._by_id.get(flight.request_id) is flight:
            del self._by_id[flight.request_id]
