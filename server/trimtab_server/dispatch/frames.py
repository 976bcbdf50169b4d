"""What the front process and a solver process say to each other: a closed set of records and one encoding.

A frame is a kind, a length, and that many bytes. Messages of the contract travel as they are, never parsed on the way;
the few facts of our own are JSON objects.
"""

from __future__ import annotations

import asyncio
import dataclasses
import json
import pickle
import socket
import struct
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, assert_never

from google.rpc.status_pb2 import Status

from .job import Job

_HEADER: Final = struct.Struct("!BQ")


@dataclass(frozen=True, slots=True)
class Request:
    """To the solver: the request message as it came."""

    content: bytes


@dataclass(frozen=True, slots=True)
class Stop:
    """To the solver: answer with the best so far."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """The request is read."""

    request_id: str
    budget_s: float
    is_timed: bool = True
    """Whether the clock may end it; not where work is counted instead."""


@dataclass(frozen=True, slots=True)
class ProgressMessage:
    """A response message on the way."""

    content: bytes


@dataclass(frozen=True, slots=True)
class WorkReport:
    """What the work came to, for log and metrics; sent right before the end."""

    facts: Mapping[str, Any] = field(default_factory=dict)
    """For the log, as JSON knows it."""
    outcome: str = ""
    """Of the plan that was made, if one was."""
    engine_faults: Sequence[str] = ()
    """The engines that failed on the way, one entry a failure; the plan was made without them."""
    quarantined: Sequence[str] = ()
    """The reasons why records of guests were left alone, one entry a record."""


@dataclass(frozen=True, slots=True)
class Response:
    """The response message; the solver says nothing after it."""

    content: bytes


@dataclass(frozen=True, slots=True)
class Failed:
    """The status that the request ends with; the solver says nothing after it."""

    status: Status


Frame = Job | Request | Stop | Accepted | ProgressMessage | WorkReport | Response | Failed

_DECODERS: Final[Mapping[type[Frame], Callable[[bytes], Frame]]] = {
    # of our own making, from the front process to the solver process only
    Job: pickle.loads,
    Request: Request,
    Stop: lambda _: Stop(),
    Accepted: lambda content: Accepted(**json.loads(content)),
    ProgressMessage: ProgressMessage,
    WorkReport: lambda content: WorkReport(**json.loads(content)),
    Response: Response,
    Failed: lambda content: Failed(Status.FromString(content)),
}
_KINDS: Final = tuple(_DECODERS)
"""A frame's kind is the index of its type."""


def encode(frame: Frame) -> bytes:
    """The frame as it is sent."""
    return b"".join(_parts(frame))


async def send_frame(connection: socket.socket, frame: Frame) -> None:
    """Send it, without another copy of what it holds. Raises ConnectionError when the other side is gone."""
    loop = asyncio.get_running_loop()
    for part in _parts(frame):
        await loop.sock_sendall(connection, part)


async def read_frame(connection: socket.socket) -> Frame:
    """The next frame. Raises EOFError or ConnectionError when the other side is gone."""
    kind, length = _HEADER.unpack(await _read_exactly(connection, _HEADER.size))
    return _decode(kind, bytes(await _read_exactly(connection, length)))


def receive_frame(connection: socket.socket) -> Frame:
    """The next frame, waiting for it. Raises EOFError when the other side is gone."""
    kind, length = _HEADER.unpack(_receive_exactly(connection, _HEADER.size))
    return _decode(kind, bytes(_receive_exactly(connection, length)))


def _parts(frame: Frame) -> tuple[bytes, bytes]:
    content = _content(frame)
    return _HEADER.pack(_KINDS.index(type(frame)), len(content)), content


def _content(frame: Frame) -> bytes:
    match frame:
        case Job():
            return pickle.dumps(frame)
        case Request(content) | ProgressMessage(content) | Response(content):
            return content
        case Failed(status):
            return bytes(status.SerializeToString())
        case Stop():
            return b""
        case Accepted() | WorkReport():
            return json.dumps(dataclasses.asdict(frame)).encode()
        case _:
            assert_never(frame)


def _decode(kind: int, content: bytes) -> Frame:
    return _DECODERS[_KINDS[kind]](content)


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


async def _read_exactly(connection: socket.socket, length: int) -> bytearray:
    loop = asyncio.get_running_loop()
    content = bytearray(length)
    view = memoryview(content)
    filled = 0
    while filled < length:
        count = await loop.sock_recv_into(connection, view[filled:])
        if not count:
            raise EOFError("the other side is gone")
        filled += count
    return content
