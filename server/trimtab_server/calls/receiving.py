"""How a request arrives: when there is room for it, whole, and in time."""

from __future__ import annotations

import asyncio
import functools
import time
from typing import Any, Final

from ..dispatch.incoming import Incoming, Room
from ..status import ServiceError, ServiceReason, failure

RECEIVE_S: Final = 10.0
"""How long a request may wait for room, and how long it may take to arrive."""

_REFUSED_AT_ONCE_S: Final = 0.5
"""gRPC refuses a message that is too large when its first bytes arrive."""
_CALLED_OFF_S: Final = 0.2
"""Within so long the end of a call that has ended is known here."""
TOO_LARGE: Final = "REQUEST_TOO_LARGE"
"""The reason in log and metrics; the caller hears none from gRPC."""


class RequestTooLargeError(asyncio.CancelledError):
    """gRPC has ended the call with RESOURCE_EXHAUSTED, because its message is too large: nothing more can be sent.

    gRPC does not say so. It is told by the end of the call before there is a request, as soon as it might have come; a
    caller that leaves in that moment looks the same.
    """


async def receive(context: Any, client: str, room: Room) -> Incoming:
    """The one message of the call. gRPC takes no more of it off the wire than its windows hold before it is read here.

    Raises
    ------
    ServiceError
        REQUEST_NOT_RECEIVED.
    RequestTooLargeError
        The message is above the limit.
    """
    try:
        async with asyncio.timeout(RECEIVE_S):
            await room.take(client)
    except TimeoutError:
        raise _not_received("there is no room for another request now") from None
    content, began = None, time.monotonic()
    try:
        async with asyncio.timeout(RECEIVE_S):
            content = await context.read()
    except TimeoutError:
        raise _not_received(f"the request did not arrive within {RECEIVE_S:g} s") from None
    finally:
        size = len(content) if isinstance(content, bytes) else 0
        room.give(client, room.largest_bytes - size)
    if not isinstance(content, bytes):
        await _check_ended(is_early=time.monotonic() - began < _REFUSED_AT_ONCE_S)
        raise _not_received("the call ended without a request")
    return Incoming(content, client, functools.partial(room.give, client, size))


async def _check_ended(*, is_early: bool) -> None:
    """Raises CancelledError when the call is over."""
    try:
        await asyncio.sleep(_CALLED_OFF_S)
    except asyncio.CancelledError:
        if is_early:
            raise RequestTooLargeError from None
        raise


def _not_received(text: str) -> ServiceError:
    return failure(ServiceReason.REQUEST_NOT_RECEIVED, text, retry_after_s=1.0)
