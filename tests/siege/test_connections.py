"""Clients that do nothing, or nothing any more, keep nobody from being served."""

from __future__ import annotations

import contextlib
import resource
import signal
import socket
import subprocess
import sys
import time

import pytest

from tests.integration import requests
from tests.integration.running import PATIENCE_S, eventually
from tests.siege.besieged import FULL, besieged

_CALLING = """
import sys, grpc
from trimtab.v1 import planning_service_pb2_grpc, planning_service_pb2 as pb
stub = planning_service_pb2_grpc.PlanningServiceStub(grpc.insecure_channel(sys.argv[1]))
stub.CreatePlan(pb.CreatePlanRequest.FromString(sys.stdin.buffer.read()), timeout=300)
"""


def test_a_frozen_client_frees_its_solver() -> None:
    """A client process is stopped while a long plan is made for it: its solver is ended, and its place is free."""
    with besieged("--workers", "1", "--queue", "0") as server:
        target = f"127.0.0.1:{server.port}"
        with subprocess.Popen([sys.executable, "-c", _CALLING, target], stdin=subprocess.PIPE) as client:
            assert client.stdin is not None
            client.stdin.write(requests.long().SerializeToString())
            client.stdin.close()
            eventually(lambda: server.metric("trimtab_busy_workers") == 1, "it works")
            client.send_signal(signal.SIGSTOP)
            began = time.monotonic()
            try:
                eventually(lambda: server.metric("trimtab_busy_workers") == 0, "the solver is free")
            finally:
                took_s = time.monotonic() - began
                client.kill()
    print(f"\nthe solver of a frozen client was free after {took_s:.1f} s")
    assert took_s < 30


@pytest.mark.parametrize("greeting", [b"", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00"])
def test_idle_connections_leave_room_for_others(greeting: bytes) -> None:
    """More connections than there are descriptors, silent or idle: plans and health go on."""
    idle: list[socket.socket] = []

    with besieged("--workers", "1", limits={resource.RLIMIT_NOFILE: 256}) as server:
        try:
            for _ in range(400):
                one = socket.create_connection(("127.0.0.1", server.port), timeout=5)
                one.setblocking(False)
                idle.append(one)
                # one that the server has closed already
                with contextlib.suppress(OSError):
                    one.send(greeting)
            for seed in range(3):
                answer = server.planning.CreatePlan(requests.small(seed=seed), timeout=PATIENCE_S).answer
                assert answer.certificate.verified
            assert server.is_serving()
            assert server.metric("trimtab_front_descriptors") < 256 - 8
            if FULL or not greeting:
                began = time.monotonic()
                eventually(lambda: server.metric("trimtab_front_descriptors") < 100, "idle connections are closed")
                print(f"\nidle connections were closed after {time.monotonic() - began:.1f} s")
        finally:
            for one in idle:
                one.close()
