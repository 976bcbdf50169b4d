"""What the front process and a solver process say to each other."""

from __future__ import annotations

import socket
from typing import get_args

import pytest
from google.rpc.status_pb2 import Status

from tests.support.solving import REVIEW, job_of
from trimtab_server.dispatch.frames import (
    Accepted,
    Failed,
    Frame,
    ProgressMessage,
    Request,
    Response,
    Stop,
    WorkReport,
    encode,
    receive_frame,
)

_FRAMES: tuple[Frame, ...] = (
    job_of(REVIEW),
    Request(b"abc"),
    Request(b""),
    Stop(),
    Accepted("id", 2.5),
    ProgressMessage(b"1"),
    WorkReport({"levels": {"should": [0, None]}, "stages_s": {}}, "OUTCOME", ["exact"], ["NO_TIER"]),
    WorkReport({}, "", [], []),
    Response(b"\x00" * 70_000),
    Failed(Status(code=3, message="wrong")),
)


def test_frames_arrive_as_they_were_sent() -> None:
    """Every kind, empty ones and one beyond the buffers of a socket included."""
    assert {type(frame) for frame in _FRAMES} == set(get_args(Frame))
    ours, theirs = socket.socketpair()
    with ours, theirs:
        for frame in _FRAMES:
            ours.sendall(encode(frame))
            assert receive_frame(theirs) == frame


def test_a_cut_frame_is_no_frame() -> None:
    """A connection that is closed half-way is EOFError."""
    ours, theirs = socket.socketpair()
    with theirs:
        with ours:
            ours.sendall(encode(Response(b"cut"))[:-1])
        with pytest.raises(EOFError):
            receive_frame(theirs)
