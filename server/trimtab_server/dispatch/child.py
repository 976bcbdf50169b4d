"""The life of a solver process: limits, one request, one response or status."""

from __future__ import annotations

import gc
import os
import resource
import signal
import socket
import traceback
from pathlib import Path

from trimtab_solver.errors import RefusedError

from ..status import ServiceError, ServiceReason, failure, out_of_memory, refusal
from .frames import Failed, Request, Response, receive_frame
from .job import Job
from .worker import Worker

_NICENESS = 5


def run(connection: socket.socket, job: Job) -> None:
    """Work on one job and send what comes of it; ends the process when the front goes away."""
    # Ctrl-C reaches the whole process group; the front decides what it means
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # what the engines themselves take is shared with the fork server, and is not the request's
    most = _address_space() + job.memory_bytes
    resource.setrlimit(resource.RLIMIT_AS, (most, most))
    # a request never ends in a core file of gigabytes
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.nice(_NICENESS)
    # looking for cycles among the objects of a large snapshot takes a fifth of the time, and the process ends anyway
    gc.disable()
    request = receive_frame(connection)
    assert isinstance(request, Request)
    respond(Worker(connection, job, request.content))


def respond(worker: Worker) -> None:
    """Do the work of the job's method; send a report, and then the response or the status it fails with."""
    try:
        response = worker.job.method.load_work()(worker)
        assert isinstance(response, worker.job.method.response)
        with worker.stages.timed("encode"):
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
