"""A solver process at work on one job: what the work may ask for, and how it is heard by the front process."""

from __future__ import annotations

import contextlib
import math
import os
import socket
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final, NoReturn

from google.protobuf.message import DecodeError, Message

from trimtab_solver.authoring.loader import parse_policy
from trimtab_solver.errors import Fault, Reason, RefusedError
from trimtab_solver.policy.documents import Policy
from trimtab_solver.stages import Stages

from ..convert.request import PolicyFiles
from ..status import ServiceError, ServiceReason, failure, not_started
from .frames import Accepted, Failed, Frame, ProgressMessage, Response, Stop, WorkReport, encode, receive_frame
from .job import Job

_FRONT_IS_GONE: Final = 75
_PARSED_SIZE_FACTOR: Final = 4
"""A parsed message is a few times as large as its bytes."""


class Worker:
    """One job, the bytes of its request, the connection to the front process, and the server's own policy.

    Raises
    ------
    ServiceError
        When there is no room for another thread.
    """

    def __init__(self, connection: socket.socket, job: Job, request: bytes, served: Policy | None = None) -> None:
        self.job = job
        self._served = served
        self.began = time.monotonic()
        self.stages = Stages()
        self.stop = threading.Event()
        """Set when the front wants the best so far."""
        self._connection = connection
        self._request = request
        self._sending = threading.Lock()
        self._facts: dict[str, Any] = {}
        self._outcome = ""
        self._engine_faults: tuple[str, ...] = ()
        self._quarantined: tuple[str, ...] = ()
        _start(threading.Thread(target=self._listen, name="front-listener", daemon=True))

    def message(self) -> Any:
        """The request, an instance of the method's message, parsed anew: nobody else holds it.

        Raises
        ------
        RefusedError
            The bytes are no such message.
        """
        message = self.job.method.request()
        with self.stages.timed("parse"):
            _parse(self._request, message)
        return message

    def policy(self, files: PolicyFiles) -> Policy:
        """The policy in `files`; for None the server's own.

        Raises
        ------
        PolicyRefusedError
            The policy is wrong.
        ServiceError
            The server has no policy of its own.
        """
        if files is not None:
            return parse_policy(files)
        if self._served is None:
            path = "policy.server_default"
            text = "this server has no policy of its own; send the policy inline, or start it with a policy folder"
            raise failure(ServiceReason.NO_SERVER_POLICY, f"{path}: {text}", {"path": path, "faults": "1"})
        return self._served

    def accept(self, request_id: str, budget_s: float, *, is_timed: bool = True) -> None:
        """Tell the front that the request is read, and whether the clock may end it."""
        self.send(Accepted(request_id, budget_s, is_timed))

    def publish(self, response: Message) -> None:
        """Tell the caller how far the work is."""
        self.send(ProgressMessage(response.SerializeToString()))

    def check_size(self, answer_bytes: int) -> None:
        """Nothing, if an answer of so many bytes can be sent. Asked while it grows, lest more work is done for nothing.

        Raises
        ------
        ServiceError
            ANSWER_TOO_LARGE.
        """
        limit = self.job.answer_bytes
        if answer_bytes > limit:
            raise failure(
                ServiceReason.ANSWER_TOO_LARGE,
                f"the answer has {answer_bytes} bytes or more, and the server sends {limit} at most",
                {"answer_bytes": str(answer_bytes), "limit_bytes": str(limit)},
            )

    def note(self, **facts: Any) -> None:
        """Facts for the log."""
        self._facts |= facts

    def count_plan(self, outcome: str, engine_faults: Iterable[str] = (), quarantined: Iterable[str] = ()) -> None:
        """A plan was made, without the engines that failed and the records that make no sense: for the metrics."""
        self._outcome = outcome
        self._quarantined = tuple(quarantined)
        self._engine_faults = tuple(engine_faults)

    @contextlib.contextmanager
    def ending_at(self, moment: float, how: Callable[[], ServiceError | Message]) -> Iterator[None]:
        """If the block lasts until `moment` (`time.monotonic`), the process ends: with an error, or with a response."""
        if math.isinf(moment):
            yield
            return
        timer = threading.Timer(max(0.0, moment - time.monotonic()), self._give_up, [how])
        timer.daemon = True
        _start(timer)
        try:
            yield
        finally:
            timer.cancel()

    def report(self) -> WorkReport:
        """What the work came to so far."""
        stages = {stage: round(seconds, 4) for stage, seconds in self.stages.seconds.items()}
        return WorkReport(self._facts | {"stages_s": stages}, self._outcome, self._engine_faults, self._quarantined)

    def send(self, frame: Frame) -> None:
        """Send to the front; ends the process when the front is gone."""
        try:
            with self._sending:
                self._connection.sendall(encode(frame))
        except ConnectionError:
            _leave()

    def _give_up(self, how: Callable[[], ServiceError | Message]) -> None:
        end = how()
        self.send(self.report())
        self.send(Failed(end.status) if isinstance(end, ServiceError) else Response(end.SerializeToString()))
        # the work goes on, in native code perhaps, and nobody wants it any more
        os._exit(0)

    def _listen(self) -> None:
        try:
            while isinstance(receive_frame(self._connection), Stop):
                self.stop.set()
        except (EOFError, OSError):
            _leave()


def _start(thread: threading.Thread) -> None:
    try:
        thread.start()
    except RuntimeError as error:
        raise not_started(str(error)) from error


def _leave() -> NoReturn:
    # not sys.exit: engines may be deep in native code, and nobody is left to answer
    os._exit(_FRONT_IS_GONE)


def _parse(request: bytes, message: Message) -> None:
    try:
        message.ParseFromString(request)
    except DecodeError as error:
        # protobuf calls a message malformed when memory is short as well; then this raises MemoryError
        bytearray(_PARSED_SIZE_FACTOR * len(request))
        name = message.DESCRIPTOR.full_name
        fault = Fault(
            Reason.INVALID_REQUEST, "request", f"is not a {name}: {error}", "encode it with the same contract"
        )
        raise RefusedError([fault]) from error
