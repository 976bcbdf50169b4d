"""A real server in a process of its own, and what tests ask about it."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any, cast

import grpc
import pytest
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo, RetryInfo
from google.rpc.status_pb2 import Status
from grpc_health.v1 import health_pb2, health_pb2_grpc

from trimtab.v1 import planning_service_pb2_grpc
from trimtab_server.dispatch.child import WORKING

ROOT = Path(__file__).parents[2]
POLICY = ROOT / "samples" / "policies" / "gold-silver-bronze"
PATIENCE_S = 60.0
"""How long a test waits for what must happen; only failing tests wait so long."""

_MESSAGE_BYTES = 64 << 20


def eventually(holds: Callable[[], bool], what: str) -> None:
    """Wait until `holds()`; fails the test when it has waited for too long."""
    began = time.monotonic()
    pause = threading.Event()
    while not holds():
        if time.monotonic() - began > PATIENCE_S:
            raise AssertionError(f"not within {PATIENCE_S:g} s: {what}")
        pause.wait(0.01)


class RunningServer:
    """The process, its log, and clients for it."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.log: list[dict[str, Any]] = []
        self.other_output: list[str] = []
        self.port = 0
        self._changed = threading.Condition()
        self._is_closed = False
        assert process.stderr is not None
        self._reader = threading.Thread(target=self._read, args=(process.stderr,))
        self._reader.start()

    def connect(self) -> None:
        """Make the clients, once it listens."""
        self.port = int(self.logged("listening")["port"])
        options = (
            ("grpc.max_send_message_length", _MESSAGE_BYTES),
            ("grpc.max_receive_message_length", _MESSAGE_BYTES),
        )
        self.channel = grpc.insecure_channel(f"127.0.0.1:{self.port}", options=options)
        self.planning = planning_service_pb2_grpc.PlanningServiceStub(self.channel)

    def close(self) -> None:
        """Kill the process if it is still there, and read its log to the end."""
        self.process.kill()
        self.process.wait()
        self._reader.join()
        if self.port:
            self.channel.close()

    def _read(self, stderr: IO[str]) -> None:
        for line in stderr:
            with self._changed:
                try:
                    self.log.append(json.loads(line))
                except json.JSONDecodeError:
                    self.other_output.append(line)
                self._changed.notify_all()
        stderr.close()
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()

    def logged(self, event: str, **fields: Any) -> dict[str, Any]:
        """The first log entry of that name with those fields, waiting for it."""
        found: list[dict[str, Any]] = []

        def is_there() -> bool:
            found[:] = [entry for entry in self.log if entry.items() >= {"event": event, **fields}.items()]
            return bool(found) or self._is_closed

        with self._changed:
            self._changed.wait_for(is_there, PATIENCE_S)
        assert found, f"no {event} {fields} in {self.log} {self.other_output}"
        return found[0]

    def solver_pids(self) -> list[int]:
        """Solver processes that work on a request now."""
        servers = [pid for pid in _children(self.process.pid) if _is_fork_server(pid)]
        forked = [pid for server in servers for pid in _children(server)]
        # those that hold a policy are forked too, and fork themselves
        return [pid for pid in (*forked, *(pid for parent in forked for pid in _children(parent))) if _is_working(pid)]

    def fork_server_pid(self) -> int:
        """The process that all others are forked from."""
        (pid,) = (pid for pid in _children(self.process.pid) if _is_fork_server(pid))
        return pid

    def one_solver(self) -> int:
        """The pid of a solver process, waiting for one."""
        eventually(lambda: bool(self.solver_pids()), "a solver process runs")
        return self.solver_pids()[0]

    def health(self, service: str = "") -> int:
        """What the health service says."""
        stub = health_pb2_grpc.HealthStub(self.channel)
        request = health_pb2.HealthCheckRequest(service=service)
        return int(stub.Check(request, timeout=PATIENCE_S).status)

    def is_healthy(self) -> bool:
        """Whether the process lives and says that it serves."""
        return self.process.poll() is None and self.health() == health_pb2.HealthCheckResponse.SERVING

    def stop(self) -> int:
        """SIGTERM, and wait; gives the exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(PATIENCE_S)


def command(*flags: str) -> list[str]:
    """The command line of a server on any free port with the sample policy."""
    flags = ("--listen", "127.0.0.1:0", "--policy", str(POLICY), *flags)
    return [sys.executable, "-m", "trimtab_server", *flags]


@contextlib.contextmanager
def running_server(*flags: str) -> Iterator[RunningServer]:
    """A server, gone when the context is left."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("TRIMTAB_")}
    server = RunningServer(subprocess.Popen(command(*flags), stderr=subprocess.PIPE, text=True, env=environment))
    try:
        server.connect()
        yield server
    finally:
        server.close()


def code_of(call: Callable[[], object]) -> grpc.StatusCode:
    """The code that `call` ends with, OK included."""
    try:
        call()
    except grpc.RpcError as error:
        return cast(grpc.Call, error).code()
    return grpc.StatusCode.OK


def refused(call: Callable[[], object]) -> tuple[grpc.StatusCode, ErrorInfo, BadRequest]:
    """Code, ErrorInfo and BadRequest (empty if there is none) of the error that `call` ends with."""
    error = _error_of(call)
    status = status_of(error)
    assert status.code == error.code().value[0]
    info, bad_request = ErrorInfo(), BadRequest()
    for detail in status.details:
        detail.Unpack(info)
        detail.Unpack(bad_request)
    return error.code(), info, bad_request


def status_of(error: grpc.Call) -> Status:
    """The google.rpc.Status in the trailers."""
    found = {str(key): value for key, value in error.trailing_metadata() or ()}
    return Status.FromString(found["grpc-status-details-bin"])


def retry_delay_s(call: Callable[[], object]) -> int:
    """Whole seconds of the RetryInfo of the error that `call` ends with."""
    retry = RetryInfo()
    unpacked = [detail.Unpack(retry) for detail in status_of(_error_of(call)).details]
    assert any(unpacked)
    return int(retry.retry_delay.seconds)


def raw_call(channel: grpc.Channel, method: str) -> Callable[[bytes], bytes]:
    """Sends bytes as they are to a unary method of the planning service."""
    call: Any = channel.unary_unary(
        f"/trimtab.v1.PlanningService/{method}", request_serializer=None, response_deserializer=None
    )

    def send(request: bytes) -> bytes:
        return bytes(call(request, timeout=PATIENCE_S))

    return send


def _error_of(call: Callable[[], object]) -> grpc.Call:
    with pytest.raises(grpc.RpcError) as caught:
        call()
    # errors of a call are calls too, which the types of grpc do not say
    return cast(grpc.Call, caught.value)


def is_alive(pid: int) -> bool:
    """Whether there is such a process that is not a zombie."""
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False


def _children(pid: int) -> list[int]:
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                # the name in brackets may hold spaces; the parent is the second field after it
                if int((entry / "stat").read_text().rpartition(")")[2].split()[1]) == pid:
                    found.append(int(entry.name))
    return found


def _is_working(pid: int) -> bool:
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        return Path(f"/proc/{pid}/comm").read_text().strip() == WORKING
    return False


def _is_fork_server(pid: int) -> bool:
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        return b"trimtab_server.dispatch.forking" in Path(f"/proc/{pid}/cmdline").read_bytes()
    return False
