"""Solver processes that are none: the dispatcher's protocols with a script, and work for real processes."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field

from google.protobuf.empty_pb2 import Empty
from google.protobuf.wrappers_pb2 import BytesValue, StringValue

from trimtab.v1 import planning_service_pb2 as pb
from trimtab_server.config import Settings
from trimtab_server.dispatch.answers import AnswersInMemory
from trimtab_server.dispatch.dispatcher import Dispatcher
from trimtab_server.dispatch.frames import Failed, Frame, Response, receive_frame
from trimtab_server.dispatch.incoming import Incoming
from trimtab_server.dispatch.job import Job
from trimtab_server.dispatch.method import Method, Quota
from trimtab_server.dispatch.worker import Worker
from trimtab_server.metrics import Metrics
from trimtab_server.served_policy import HeldPolicy, ServedPolicy
from trimtab_server.status import ServiceError, ServiceReason, failure
from trimtab_solver.policy.documents import Policy

PLAN = Method("s", "Plan", pb.CreatePlanRequest, pb.CreatePlanResponse, Quota.PLAN, f"{__name__}:echo")
REVIEW = Method("s", "Review", BytesValue, BytesValue, Quota.REVIEW, f"{__name__}:echo")

Step = Frame | asyncio.Event
"""Something a solver says, or something that it waits for."""


@dataclass
class ScriptedSolver:
    """Says its steps; without a response among them it dies."""

    steps: Sequence[Step]
    died_with: int | None = -9
    pid: int = 4711
    is_hung: bool = False

    async def frames(self) -> AsyncIterator[Frame]:
        """The frames among the steps."""
        for step in self.steps:
            if isinstance(step, asyncio.Event):
                await step.wait()
            else:
                yield step

    async def exit_code(self) -> int | None:
        """As the script has it."""
        return self.died_with


@dataclass
class ScriptedSolvers:
    """Every request is worked on by the same script; `jobs` are those that began, `ended` counts what is over."""

    script: Callable[[], Sequence[Step]] = lambda: [Response(b"answer")]
    jobs: list[Job] = field(default_factory=list)
    ended: int = 0
    best: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when the solvers are asked for their best."""

    @contextlib.asynccontextmanager
    async def solver(self, job: Job, request: Incoming) -> AsyncIterator[ScriptedSolver]:
        """A solver with the script."""
        self.jobs.append(job)
        try:
            yield ScriptedSolver(self.script())
        finally:
            self.ended += 1

    def ask_all_for_best(self) -> None:
        """Solvers that wait for `best` go on."""
        self.best.set()

    def refuse_waiting(self, error: ServiceError) -> None:
        """Nobody ever waits."""


def unserved() -> ServedPolicy:
    """A server's own policy that does not exist."""

    async def refuse(files: Mapping[str, bytes]) -> HeldPolicy:
        raise AssertionError(f"nobody has a policy: {list(files)}")

    return ServedPolicy(None, refuse)


def dispatcher_of(solvers: ScriptedSolvers, **settings: object) -> Dispatcher:
    """A dispatcher without a policy of its own."""
    return Dispatcher(
        Settings(**settings),  # type: ignore[arg-type]  # any of its fields
        solvers,
        AnswersInMemory(10, 1000),
        Metrics(unserved()),
    )


def job_of(method: Method, **changes: object) -> Job:
    """A job with a minute to go, unless said otherwise."""
    fields: dict[str, object] = {
        "method": method,
        "end_by": time.monotonic() + 60,
        "has_deadline": False,
        "default_budget_s": 10.0,
        "max_budget_s": 60.0,
        "threads": 1,
        "memory_bytes": 1 << 30,
        "answer_bytes": 1 << 30,
    }
    return Job(**(fields | changes))  # type: ignore[arg-type]  # any of its fields


_OPEN: list[socket.socket] = []
"""Connections of workers: one whose front hangs up ends its process, which here is that of the tests."""


def worker_of(
    method: Method, request: bytes = b"", served: Policy | None = None, **changes: object
) -> tuple[Worker, socket.socket]:
    """A worker in this process, and the front's end of its connection."""
    front, solver = socket.socketpair()
    _OPEN.extend((front, solver))
    return Worker(solver, job_of(method, **changes), request, served), front


def frames_until_the_end(front: socket.socket) -> list[Frame]:
    """What a worker says, up to its response or status."""
    frames = [receive_frame(front)]
    while not isinstance(frames[-1], Response | Failed):
        frames.append(receive_frame(front))
    return frames


def echo(worker: Worker) -> BytesValue:
    """Work: gives back what it gets."""
    message: BytesValue = worker.message()
    return message


def process_id(worker: Worker) -> StringValue:
    """Work: says who does it, after it was asked for its best."""
    worker.accept("id", 1.0)
    worker.stop.wait()
    return StringValue(value=str(os.getpid()))


def deaf(worker: Worker) -> Empty:
    """Work: accepts, and never ends."""
    worker.accept("", 1.0)
    while True:
        time.sleep(60)


def die(worker: Worker) -> Empty:
    """Work: ends the process."""
    os._exit(7)


def late(worker: Worker) -> Empty:
    """Work: lasts longer than it may."""
    with worker.ending_at(time.monotonic() + 0.05, lambda: failure(ServiceReason.BUSY, "too late")):
        return deaf(worker)


def in_time(worker: Worker) -> Empty:
    """Work: ends before its time is over, and goes on with what has no limit."""
    with worker.ending_at(time.monotonic() + 0.2, lambda: failure(ServiceReason.BUSY, "too late")):
        pass
    time.sleep(0.4)
    return Empty()


def defect(worker: Worker) -> Empty:
    """Work: fails as nobody foresaw."""
    worker.note(came="so far")
    raise ZeroDivisionError("planted")


def greedy(worker: Worker) -> BytesValue:
    """Work: takes more memory than it may."""
    return BytesValue(value=bytes(worker.job.memory_bytes))


def wrong(worker: Worker) -> Empty:
    """Work: answers with a message of another method."""
    return Empty()


def served_digest(worker: Worker) -> StringValue:
    """Work: says which policy the server has of its own."""
    return StringValue(value=worker.policy(None).digest)


class Fatal(bytes):
    """A file that ends the process that reads it: what native code that breaks would do."""

    def __reduce__(self) -> tuple[Callable[[], None], tuple[()]]:
        """Of pickle: what is done where it is read."""
        return os.abort, ()
