"""Messages between the front process and a solver process: a kind, a length, and that many bytes."""

from __future__ import annotations

import asyncio
import enum
import socket
import struct
from typing import NamedTuple

_HEADER = struct.Struct("!BQ")


class FrameKind(enum.IntEnum):
    """What the bytes of a frame are."""

    REQUEST = 1
    """To the solver: the request message as it came."""
    STOP = 2
    """To the solver: answer with the best so far. Empty."""
    ACCEPTED = 3
    """JSON object: `request_id`, `budget_s`."""
    PROGRESS = 4
    """A trimtab.v1.StreamPlanResponse."""
    REPORT = 5
    """JSON object for the log."""
    FINAL = 6
    """The response message."""
    ERROR = 7
    """A google.rpc.Status."""


class Frame(NamedTuple):
    """One message."""

    kind: FrameKind
    content: bytes


def pack(kind: FrameKind, content: bytes = b"") -> bytes:
    """The frame as it is sent."""
    return _HEADER.pack(kind, len(content)) + content


async def read_frame(reader: asyncio.StreamReader) -> Frame:
    """The next frame. Raises asyncio.IncompleteReadError when the other side is gone."""
    kind, length = _HEADER.unpack(await reader.readexactly(_HEADER.size))
    return Frame(FrameKind(kind), await reader.readexactly(length))


def receive_frame(connection: socket.socket) -> Frame:
    """The next frame, waiting for it. Raises EOFError when the other side is gone."""
    kind, length = _HEADER.unpack(_receive_exactly(connection, _HEADER.size))
    return Frame(FrameKind(kind), bytes(_receive_exactly(connection, length)))


def _receive_exactly(connection: socket.socket, length: int) -> bytearray:
    content = bytearray(length)
    view = memoryview(content)
    filled = 0
    while filled < length:
        count = connection.recv_into(view[filled:])
        if not count:
            raise EOFError("the other side is gone")
        filled += count
    return content
