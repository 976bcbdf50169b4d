"""Joining and remembering calls."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from trimtab_server.replays import Flight, Newest, Replays
from trimtab_server.status import ServiceError, ServiceReason, failure

Work = Callable[[Flight], Awaitable[bytes]]


def _work(replays: Replays, request_id: str, answer: bytes, gate: asyncio.Event | None = None) -> Work:
    async def work(flight: Flight) -> bytes:
        replays.claim(flight, request_id)
        flight.accept(request_id, 1.0)
        if gate is not None:
            await gate.wait()
        return answer

    return work


async def _fly(replays: Replays, key: bytes, work: Work) -> bytes:
    flight = replays.launch(("m", key), work)
    with flight.joined():
        return await flight.response()


def test_finished_flights_are_found_by_their_bytes() -> None:
    """An answer with an id is remembered for the same method and bytes only."""

    async def scenario() -> None:
        replays = Replays(10, 100)
        assert await _fly(replays, b"k", _work(replays, "id", b"answer")) == b"answer"
        found = await replays.find(("m", b"k"))
        assert found is not None
        with found.joined():
            assert await found.response() == b"answer"
        assert await replays.find(("m", b"other")) is None
        assert await replays.find(("n", b"k")) is None

    asyncio.run(scenario())


def test_flights_without_id_are_not_found() -> None:
    """Neither while they fly nor later."""

    async def scenario() -> None:
        replays, gate = Replays(10, 100), asyncio.Event()
        flight = replays.launch(("m", b"k"), _work(replays, "", b"answer", gate))
        assert await replays.find(("m", b"k")) is None
        gate.set()
        await flight.task
        assert await replays.find(("m", b"k")) is None

    asyncio.run(scenario())


def test_ids_stand_for_one_request_until_it_fails() -> None:
    """Another request under a used id is refused; after a failure the id is free."""

    async def scenario() -> None:
        replays = Replays(10, 100)

        async def fail(flight: Flight) -> bytes:
            replays.claim(flight, "id")
            flight.accept("id", 1.0)
            raise failure(ServiceReason.SOLVER_CRASHED, "crashed")

        with pytest.raises(ServiceError, match="crashed"):
            await _fly(replays, b"1", fail)
        await _fly(replays, b"2", _work(replays, "id", b"answer"))
        with pytest.raises(ServiceError, match="was used for a m request"):
            await _fly(replays, b"3", _work(replays, "id", b"answer"))
        # the refused call has not taken the id away from the one it belongs to
        assert await replays.find(("m", b"2")) is not None

    asyncio.run(scenario())


@pytest.mark.parametrize(("max_answers", "max_bytes"), [(2, 1000), (1000, 25)])
def test_memory_is_bounded_and_forgets_the_oldest(max_answers: int, max_bytes: int) -> None:
    """Beyond the limits the answer that was not asked for longest is forgotten, its id included."""

    async def scenario() -> None:
        replays = Replays(max_answers, max_bytes)
        await _fly(replays, b"1", _work(replays, "1", b"x" * 10))
        await _fly(replays, b"2", _work(replays, "2", b"x" * 10))
        assert await replays.find(("m", b"1")) is not None
        await _fly(replays, b"3", _work(replays, "3", b"x" * 10))
        assert await replays.find(("m", b"2")) is None
        assert await replays.find(("m", b"1")) is not None
        await _fly(replays, b"4", _work(replays, "2", b"x" * 10))

    asyncio.run(scenario())


def test_work_is_called_off_with_its_last_caller() -> None:
    """Two callers share the work; it goes on without one of them and ends without both."""

    async def scenario() -> None:
        replays, gate = Replays(10, 100), asyncio.Event()
        flight = replays.launch(("m", b"k"), _work(replays, "id", b"answer", gate))
        with flight.joined():
            with flight.joined():
                pass
            await asyncio.sleep(0)
            was_over = flight.is_over
        assert (was_over, flight.is_over) == (False, True)
        assert await replays.find(("m", b"k")) is None
        assert not replays.flying

    asyncio.run(scenario())


def test_ended_flight_tells_every_caller() -> None:
    """Callers of work that the server ends get the server's error, not a cancellation."""

    async def scenario() -> None:
        replays = Replays(10, 100)
        flight = replays.launch(("m", b"k"), _work(replays, "id", b"answer", asyncio.Event()))
        with flight.joined():
            assert await flight.accepted()
            flight.end(failure(ServiceReason.SHUTTING_DOWN, "bye"))
            with pytest.raises(ServiceError, match="bye"):
                await flight.response()

    asyncio.run(scenario())


def test_progress_is_the_newest_for_every_caller() -> None:
    """What is not fetched in time is replaced; callers do not take it from each other."""

    async def scenario() -> None:
        replays = Replays(10, 100)
        flight = replays.launch(("m", b"k"), _work(replays, "id", b"answer", asyncio.Event()))
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
