"""Whatever is sent, a solver process answers it or refuses it with a reason: nothing is a defect of ours."""

from __future__ import annotations

import contextlib
import os
import socket
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Final

import pytest
from google.protobuf.message import Message

from tests.support.hostile import hostile_request
from tests.support.solving import job_of
from trimtab_server.calls.methods import METHODS
from trimtab_server.dispatch.child import respond
from trimtab_server.dispatch.frames import Failed, Frame, Response, WorkReport
from trimtab_server.dispatch.worker import Worker
from trimtab_server.status import ServiceError, reason_of

_COUNT: Final = int(os.environ.get("TRIMTAB_TEST_HOSTILE", "600"))
"""How many inputs; `make soak HOSTILE=1000000` sends a million."""
_CHUNK: Final = max(100, _COUNT // 200)
_BY_NAME: Final = {method.name: method for method in METHODS}


class _Heard(Worker):
    """A worker in this process, whose front is a list."""

    def __init__(self, name: str, request: bytes) -> None:
        self.said: list[Frame] = []
        front, solver = socket.socketpair()
        with front, solver:
            super().__init__(solver, job_of(_BY_NAME[name]), request)

    def send(self, frame: Frame) -> None:
        """Keep it."""
        self.said.append(frame)

    def _listen(self) -> None:
        """Nobody asks for the best."""

    @contextlib.contextmanager
    def ending_at(self, moment: float, how: Callable[[], ServiceError | Message]) -> Iterator[None]:
        """The clock would end this very process, with all inputs that are yet to come."""
        yield


@pytest.mark.parametrize("first", range(0, _COUNT, _CHUNK))
def test_no_input_is_a_defect(first: int) -> None:
    """Random hostile requests to each method: answered, or refused with a reason that is the caller's."""
    reasons: Counter[str] = Counter()
    seeds = range(first, min(first + _CHUNK, _COUNT))
    for seed in seeds:
        worker = _Heard(*hostile_request(seed))
        respond(worker)
        report, end = worker.said[-2:]
        assert isinstance(report, WorkReport)
        assert isinstance(end, Response | Failed)
        reason = reason_of(end.status) if isinstance(end, Failed) else "OK"
        assert not reason.startswith(("INTERNAL", "SOLVER")), f"seed {seed}: {reason}\n{report.facts.get('fault')}"
        reasons[reason] += 1
    print(f"\n{seeds}: {dict(reasons.most_common())}")
    assert reasons["OK"] < len(seeds)
    assert len(reasons) > 2
