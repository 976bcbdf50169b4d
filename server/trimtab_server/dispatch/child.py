"""The life of a solver process: limits, one request, one response or status."""

from __future__ import annotations

import gc
import os
import resource
import socket
import traceback
from pathlib import Path
from typing import Final

from trimtab_solver.errors import RefusedError
from trimtab_solver.policy.documents import Policy

from ..status import ServiceError, ServiceReason, failure, out_of_memory, refusal
from .frames import Failed, Request, Response, encode, receive_frame
from .job import Job
from .method import Quota
from .worker import Worker

WORKING: Final = "trimtab-work"
"""The name of a process that has got a job, as ps shows it."""
_THREAD_NAME: Final = Path("/proc/self/comm")
_NICENESS: Final = 5
_LARGE_NICENESS: Final = 10
_REVIEW_NICENESS: Final = 15
_LARGE_BYTES: Final = 1 << 20


def run(connection: socket.socket, served: Policy | None = None) -> None:
    """Wait for a job, work on it and send what comes of it; ends the process when the front goes away.

    `served` is the server's own policy.
    """
    # a request never ends in a core file of gigabytes
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # looking for cycles among the objects of a large snapshot takes a fifth of the time, and the process ends anyway
    gc.disable()
    try:
        job, request = receive_frame(connection), receive_frame(connection)
    except (EOFError, ConnectionError):
        return  # it was not needed
    assert isinstance(job, Job)
    assert isinstance(request, Request)
    _THREAD_NAME.write_text(WORKING)
    # what the engines themselves take is shared with the fork server, and is not the request's
    most = _address_space() + job.memory_bytes
    resource.setrlimit(resource.RLIMIT_AS, (most, most))
    os.nice(_niceness(job, request.content))
    try:
        worker = Worker(connection, job, request.content, served)
    except ServiceError as error:
        connection.sendall(encode(Failed(error.status)))
        return
    respond(worker)


def _niceness(job: Job, request: bytes) -> int:
    """Small plans go before large ones, and plans before everything else."""
    if job.method.quota is Quota.REVIEW:
        return _REVIEW_NICENESS
    return _LARGE_NICENESS if len(request) > _LARGE_BYTES else _NICENESS


def respond(worker: Worker) -> None:
    """Do the work of the job's method; send a report, and then the response or the status it fails with."""
    try:
        response = worker.job.method.load_work()(worker)
        assert isinstance(response, worker.job.method.response)
        with worker.stages.timed("encode"):
            worker.check_size(response.ByteSize())
            end: Response | Failed = Response(response.SerializeToString())
    except Exception as error:  # whatever it is must reach the log, and the caller as a status
        end = Failed(_status_error(error, worker).status)
    worker.send(worker.report())
    worker.send(end)


def _status_error(error: Exception, worker: Worker) -> ServiceError:
    match error:
        case ServiceError():
            return error
        case RefusedError():
            return refusal(error.faults)
        case MemoryError():
            return out_of_memory(worker.job.memory_bytes)
        case _:
            worker.note(fault="".join(traceback.format_exception(error)))
            return failure(ServiceReason.INTERNAL_FAILURE, "the request failed because of a defect in trimtab")


def _address_space() -> int:
    """Bytes of address space that this process has now (proc(5))."""
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    return pages * resource.getpagesize()
