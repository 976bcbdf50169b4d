"""Whose request is next."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

import pytest
from google.rpc.error_details_pb2 import RetryInfo

from trimtab_server.dispatch.turns import Turns
from trimtab_server.status import ServiceError, ServiceReason, failure, reason_of


class _Clients:
    """Requests of several clients, and the order in which they got their turns."""

    def __init__(self, turns: Turns) -> None:
        self.turns = turns
        self.order: list[str] = []
        self._gates: dict[str, list[asyncio.Event]] = {}

    async def ask(self, client: str) -> asyncio.Task[None]:
        """One more request, as far as it comes by itself."""
        task = asyncio.create_task(self._work(client))
        for _ in range(3):
            await asyncio.sleep(0)
        return task

    async def finish(self, client: str) -> None:
        """End the oldest request of the client that is under way."""
        self._gates[client].pop(0).set()
        for _ in range(5):
            await asyncio.sleep(0)

    async def _work(self, client: str) -> None:
        async with self.turns.turn(client, time.monotonic() + 60):
            self.order.append(client)
            gate = asyncio.Event()
            self._gates.setdefault(client, []).append(gate)
            await gate.wait()


def _run(scenario: Callable[[_Clients], Awaitable[None]], places: int = 1, queue_size: int = 4) -> None:
    async def running() -> None:
        await scenario(_Clients(Turns(places, queue_size)))

    asyncio.run(running())


def _refused(task: asyncio.Task[None]) -> ServiceError:
    error = task.exception()
    assert isinstance(error, ServiceError)
    return error


def _retry_s(error: ServiceError) -> float:
    retry = RetryInfo()
    assert any(detail.Unpack(retry) for detail in error.status.details)
    return float(retry.retry_delay.ToMilliseconds()) / 1000


def test_a_client_without_any_goes_before_one_with_many() -> None:
    """It has a place of its own beside the others, and its second request does not wait for all of the others."""

    async def scenario(clients: _Clients) -> None:
        for _ in range(4):
            await clients.ask("many")
        await clients.ask("few")
        assert clients.order == ["many", "few"]
        await clients.ask("few")
        await clients.finish("few")
        assert clients.order == ["many", "few", "few"]

    _run(scenario)


def test_a_full_queue_makes_room_for_a_client_without_any() -> None:
    """The client with most requests waiting loses its newest; a client that waits already is refused."""

    async def scenario(clients: _Clients) -> None:
        tasks = [await clients.ask("many") for _ in range(3)]
        other = await clients.ask("other")
        another = await clients.ask("another")
        assert clients.order == ["many", "other"]
        assert reason_of(_refused(tasks[2]).status) == "BUSY"
        assert reason_of(_refused(await clients.ask("another")).status) == "BUSY"
        assert not other.done() | another.done()
        assert clients.turns.waiting == 2

    _run(scenario, queue_size=2)


def test_whoever_waits_hears_of_the_end_at_once() -> None:
    """Also whoever comes later; what has begun goes on."""

    async def scenario(clients: _Clients) -> None:
        first, second = await clients.ask("a"), await clients.ask("a")
        clients.turns.close(failure(ServiceReason.SHUTTING_DOWN, "end"))
        await asyncio.sleep(0)
        third = await clients.ask("a")
        assert [reason_of(_refused(task).status) for task in (second, third)] == ["SHUTTING_DOWN"] * 2
        assert not first.done()

    _run(scenario)


def test_a_place_in_the_queue_is_given_up_with_the_call() -> None:
    """A call that is left while it waits costs nobody a turn."""

    async def scenario(clients: _Clients) -> None:
        await clients.ask("a")
        left = await clients.ask("a")
        last = await clients.ask("a")
        left.cancel()
        await asyncio.sleep(0)
        await clients.finish("a")
        assert clients.order == ["a", "a"]
        assert left.cancelled()
        await clients.finish("a")
        await last
        assert (clients.turns.working, clients.turns.waiting) == (0, 0)

    _run(scenario)


def test_the_delay_that_is_told_is_measured() -> None:
    """Requests that take 50 ms: whoever is refused may come back in about that time, the next ones after it."""

    async def scenario(clients: _Clients) -> None:
        for _ in range(20):
            async with clients.turns.turn("a", time.monotonic() + 60):
                await asyncio.sleep(0.05)
        await clients.ask("a")
        delays = [_retry_s(_refused(await clients.ask("a"))) for _ in range(10)]
        assert delays == sorted(delays)
        assert 0.1 <= delays[0] < 0.5
        assert 0.3 < delays[-1] < 5

    _run(scenario, queue_size=0)


@pytest.mark.parametrize("places", [1, 2, 3])
def test_one_client_alone_has_all_places_and_no_more(places: int) -> None:
    """The place beside them is for others."""

    async def scenario(clients: _Clients) -> None:
        for _ in range(5):
            await clients.ask("a")
        assert len(clients.order) == places
        await clients.ask("b")
        await clients.ask("c")
        assert clients.order[places:] == ["b"]

    _run(scenario, places=places, queue_size=10)
