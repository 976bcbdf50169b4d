"""How a request arrives: when there is room for it, whole, and in time."""

from __future__ import annotations

import asyncio
import functools
from typing import Any, Final

from ..dispatch.incoming import Incoming, Room
from ..status import ServiceError, ServiceReason, failure

RECEIVE_S: Final = 10.0
"""How long a request may wait for room, and how long it may take to arrive."""


async def receive(context: Any, client: str, room: Room) -> Incoming:
    """The one message of the call. gRPC takes no more of it off the wire than its windows hold before it is read here.

    Raises
    ------
    ServiceError
        REQUEST_NOT_RECEIVED.
    """
    try:
        async with asyncio.timeout(RECEIVE_S):
            await room.take(client)
    except TimeoutError:
        raise _not_received("there is no room for another request now") from None
    content = None
    try:
        async with asyncio.timeout(RECEIVE_S):
            content = await context.read()
    except TimeoutError:
        raise _not_received(f"the request did not arrive within {RECEIVE_S:g} s") from None
    finally:
        size = len(content) if isinstance(content, bytes) else 0
        room.give(client, room.largest_bytes - size)
    if not isinstance(content, bytes):
        raise _not_received("the call ended without a request")
    return Incoming(content, client, functools.partial(room.give, client, size))


def _not_received(text: str) -> ServiceError:
    return failure(ServiceReason.REQUEST_NOT_RECEIVED, text, retry_after_s=1.0)
