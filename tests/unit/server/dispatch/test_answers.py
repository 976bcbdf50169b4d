"""Remembering answers."""

from __future__ import annotations

import asyncio

import pytest

from trimtab_server.dispatch.answers import AnswersInMemory, Given


def _given(name: str, size: int = 10) -> Given:
    return Given(("m", name.encode()), name, 1.0, b"x" * size)


def test_answers_are_found_by_their_bytes_and_by_their_id() -> None:
    """Of the same method and bytes, or of the id alone; one that is kept twice counts once."""

    async def scenario() -> None:
        answers, given = AnswersInMemory(10, 15), _given("1")
        await answers.keep(given)
        await answers.keep(given)
        assert await answers.find(("m", b"1")) == given
        assert await answers.find_id("1") == given
        assert await answers.find(("n", b"1")) is None
        assert await answers.find_id("2") is None

    asyncio.run(scenario())


@pytest.mark.parametrize(("max_answers", "max_bytes"), [(2, 1000), (1000, 25)])
def test_memory_is_bounded_and_forgets_the_oldest(max_answers: int, max_bytes: int) -> None:
    """Beyond the limits the answer that was not asked for longest is forgotten, its id included."""

    async def scenario() -> None:
        answers = AnswersInMemory(max_answers, max_bytes)
        await answers.keep(_given("1"))
        await answers.keep(_given("2"))
        assert await answers.find(("m", b"1")) is not None
        await answers.keep(_given("3"))
        assert await answers.find(("m", b"2")) is None
        assert await answers.find_id("2") is None
        assert await answers.find(("m", b"1")) is not None
        assert await answers.find_id("3") is not None

    asyncio.run(scenario())


def test_an_answer_beyond_the_limit_leaves_nothing_behind() -> None:
    """It is not kept, and takes no room from later ones."""

    async def scenario() -> None:
        answers = AnswersInMemory(10, 15)
        await answers.keep(_given("large", 16))
        assert await answers.find_id("large") is None
        await answers.keep(_given("1", 15))
        assert await answers.find_id("1") is not None

    asyncio.run(scenario())
