"""Answers that were given, for calls that are repeated: the place of a store."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import Protocol

Key = tuple[str, bytes]
"""Name of the method and digest of the request's bytes: what a call is known by before anybody has parsed it."""


@dataclass(frozen=True, slots=True)
class Given:
    """An answer that was given under a request id."""

    key: Key
    request_id: str
    budget_s: float
    response: bytes


class Answers(Protocol):
    """Remembers answers for as long as it can."""

    async def find(self, key: Key) -> Given | None:
        """The answer to a request of the same bytes, if it is remembered."""

    async def find_id(self, request_id: str) -> Given | None:
        """The answer that was given under the id, if it is remembered."""

    async def keep(self, given: Given) -> None:
        """Remember an answer; one that is remembered already stays."""


class AnswersInMemory:
    """Bounded by count and by bytes of the responses; the least recently used is forgotten first."""

    def __init__(self, max_answers: int, max_bytes: int) -> None:
        self._max_answers = max_answers
        self._max_bytes = max_bytes
        self._held_bytes = 0
        self._by_key: OrderedDict[Key, Given] = OrderedDict()
        """The least recently used first."""
        self._by_id: dict[str, Given] = {}

    async def find(self, key: Key) -> Given | None:
        """The answer to a request of the same bytes, which counts as used now."""
        if key in self._by_key:
            self._by_key.move_to_end(key)
        return self._by_key.get(key)

    async def find_id(self, request_id: str) -> Given | None:
        """The answer that was given under the id."""
        return self._by_id.get(request_id)

    async def keep(self, given: Given) -> None:
        """Remember an answer, and forget the oldest ones beyond the limits; one that is too large by itself as well."""
        if given.key in self._by_key:
            return
        self._by_key[given.key] = self._by_id[given.request_id] = given
        self._held_bytes += len(given.response)
        while len(self._by_key) > self._max_answers or self._held_bytes > self._max_bytes:
            _, oldest = self._by_key.popitem(last=False)
            self._held_bytes -= len(oldest.response)
            del self._by_id[oldest.request_id]
