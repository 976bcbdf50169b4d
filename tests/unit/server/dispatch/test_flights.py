"""Joining calls that run."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from trimtab_server.dispatch.flights import Flight, Flights, InOrder, Newest
from trimtab_server.status import ServiceError, ServiceReason, failure

Work = Callable[[Flight], Awaitable[bytes]]


def _work(flights: Flights, request_id: str, answer: bytes, gate: asyncio.Event | None = None) -> Work:
    async def work(flight: Flight) -> bytes:
        flights.claim(flight, request_id)
        flight.accept(request_id, 1.0)
        if gate is not None:
            await gate.wait()
        return answer

    return work


def test_a_running_flight_is_found_by_its_bytes() -> None:
    """A call is joined by the same method and bytes only, and no longer once it is finished."""

    async def scenario() -> None:
        flights, gate = Flights(), asyncio.Event()
        flight = flights.launch(("m", b"k"), _work(flights, "id", b"answer", gate))
        assert flights.find(("m", b"k")) is flight
        assert flights.find(("m", b"other")) is None
        assert flights.find(("n", b"k")) is None
        with flight.joined():
            gate.set()
            assert await flight.response() == b"answer"
        assert flights.find(("m", b"k")) is None

    asyncio.run(scenario())


def test_an_id_stands_for_one_flight_until_it_is_finished() -> None:
    """Another flight under a used id learns whose it is, and does not take it away by ending; then the id is free."""

    async def scenario() -> None:
        flights, gate = Flights(), asyncio.Event()

        async def wait(flight: Flight) -> bytes:
            await gate.wait()
            return b""

        first, second = (flights.launch(("m", key), wait) for key in (b"1", b"2"))
        third = flights.launch(("m", b"3"), _work(flights, "other", b""))
        assert flights.claim(first, "id") == ("m", b"1")
        assert flights.claim(third, "id") == ("m", b"1")
        await third.task
        assert flights.claim(second, "id") == ("m", b"1")
        gate.set()
        await asyncio.wait([first.task, second.task])
        assert not flights.flying
        assert flights.claim(third, "id") == ("m", b"3")

    asyncio.run(scenario())


def test_work_is_called_off_with_its_last_caller() -> None:
    """Two callers share the work; it goes on without one of them and ends without both."""

    async def scenario() -> None:
        flights, gate = Flights(), asyncio.Event()
        flight = flights.launch(("m", b"k"), _work(flights, "id", b"answer", gate))
        with flight.joined():
            with flight.joined():
                pass
            await asyncio.sleep(0)
            was_over = flight.is_over
        assert (was_over, flight.is_over) == (False, True)
        assert flights.find(("m", b"k")) is None
        await asyncio.wait([flight.task])
        assert not flights.flying

    asyncio.run(scenario())


def test_ended_flight_tells_every_caller() -> None:
    """Callers of work that the server ends get the server's error, not a cancellation."""

    async def scenario() -> None:
        flights = Flights()
        flight = flights.launch(("m", b"k"), _work(flights, "id", b"answer", asyncio.Event()))
        with flight.joined():
            assert await flight.accepted()
            flight.end(failure(ServiceReason.SHUTTING_DOWN, "bye"))
            with pytest.raises(ServiceError, match="bye"):
                await flight.response()

    asyncio.run(scenario())


def test_progress_is_the_newest_for_every_caller() -> None:
    """What is not fetched in time is replaced; callers do not take it from each other."""

    async def scenario() -> None:
        flights = Flights()
        flight = flights.launch(("m", b"k"), _work(flights, "id", b"answer", asyncio.Event()))
        with flight.joined() as one, flight.joined() as other:
            flight.publish(b"1")
            flight.publish(b"2")
            await one.wait()
            assert (one.take(), one.take()) == (b"2", None)
            assert other.take() == b"2"

    asyncio.run(scenario())


def test_newest_waits_again_after_it_is_taken() -> None:
    """A place that was emptied is waited for."""

    async def scenario() -> None:
        place = Newest()
        place.put(b"1")
        place.take()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.01):
                await place.wait()

    asyncio.run(scenario())


def test_where_nothing_is_left_out_the_work_waits_for_its_reader() -> None:
    """All values arrive in order, the last ones after the end too, and the work is never far ahead."""

    async def scenario() -> None:
        queue, put, read = InOrder(), [], []

        async def work() -> bytes:
            for i in range(100):
                await queue.put(b"%d" % i)
                put.append(i)
            return b""

        over = asyncio.create_task(work())
        async for value in queue.until(over):
            read.append(int(value))
            await asyncio.sleep(0)
            assert len(put) - len(read) < 20
        assert over.done()
        assert read == list(range(100))

    asyncio.run(scenario())


def test_a_reader_that_was_slow_at_the_end_gets_the_rest() -> None:
    """The work is over before the first value is fetched."""

    async def scenario() -> list[bytes]:
        queue = InOrder()

        async def work() -> bytes:
            await queue.put(b"a")
            await queue.put(b"b")
            return b""

        over = asyncio.create_task(work())
        await over
        return [value async for value in queue.until(over)]

    assert asyncio.run(scenario()) == [b"a", b"b"]
