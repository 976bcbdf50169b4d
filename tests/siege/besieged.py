"""Servers in unkind surroundings, and what tests ask about them without reading their log."""

from __future__ import annotations

import contextlib
import os
import resource
import signal
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Final

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc
from prometheus_client.parser import text_string_to_metric_families

from tests.integration.running import PATIENCE_S, command, eventually
from trimtab.v1 import planning_service_pb2_grpc, policy_service_pb2_grpc

FULL: Final = bool(os.environ.get("TRIMTAB_SIEGE_FULL"))
"""Whether all of `make siege` runs, or the slice of the gate."""

MESSAGE_BYTES: Final = 64 << 20
_NO_LIMITS: Final[Mapping[int, int]] = MappingProxyType({})


def free_port() -> int:
    """A port of loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def channel_to(port: int) -> grpc.Channel:
    """A client with a connection of its own: channels of one process share connections otherwise."""
    options = (
        ("grpc.use_local_subchannel_pool", 1),
        ("grpc.max_send_message_length", MESSAGE_BYTES),
        ("grpc.max_receive_message_length", MESSAGE_BYTES),
    )
    return grpc.insecure_channel(f"127.0.0.1:{port}", options=options)


@dataclass
class Besieged:
    """A server process whose stderr is what the test says, and one client."""

    process: subprocess.Popen[bytes]
    port: int
    metrics_port: int
    channel: grpc.Channel = field(init=False)

    def __post_init__(self) -> None:
        self.channel = channel_to(self.port)
        self.planning = planning_service_pb2_grpc.PlanningServiceStub(self.channel)
        self.policy = policy_service_pb2_grpc.PolicyServiceStub(self.channel)

    def is_serving(self, timeout_s: float = 2.0, channel: grpc.Channel | None = None) -> bool:
        """What health says; false when it says nothing in time."""
        stub = health_pb2_grpc.HealthStub(channel or self.channel)
        try:
            status = stub.Check(health_pb2.HealthCheckRequest(), timeout=timeout_s).status
        except grpc.RpcError:
            return False
        return bool(status == health_pb2.HealthCheckResponse.SERVING)

    def metric(self, name: str, **labels: str) -> float:
        """The sum of the samples of that name with those labels."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.metrics_port}/metrics", timeout=PATIENCE_S) as page:
            text = page.read().decode()
        return sum(
            sample.value
            for family in text_string_to_metric_families(text)
            for sample in family.samples
            if sample.name == name and labels.items() <= sample.labels.items()
        )

    def resident_mib(self) -> float:
        """Memory of the front process."""
        pages = int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / (1 << 20)

    def stop(self) -> float:
        """SIGTERM, and wait; gives the seconds it took."""
        began = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(PATIENCE_S)
        return time.monotonic() - began


@contextlib.contextmanager
def besieged(
    *flags: str, stderr: int = subprocess.DEVNULL, limits: Mapping[int, int] = _NO_LIMITS, **variables: str
) -> Iterator[Besieged]:
    """A server that is up, gone when the context is left, with limits of setrlimit(2) and variables around it."""
    port, metrics_port = free_port(), free_port()
    flags = ("--listen", f"127.0.0.1:{port}", "--metrics-listen", f"127.0.0.1:{metrics_port}", *flags)
    environment = {key: value for key, value in os.environ.items() if not key.startswith("TRIMTAB_")}
    process = subprocess.Popen(command(*flags), stderr=stderr, env=environment | variables)
    for kind, limit in limits.items():
        resource.prlimit(process.pid, kind, (limit, limit))
    try:
        eventually(lambda: process.poll() is not None or _is_listening(port), "it listens")
        assert process.poll() is None, "it does not start"
        server = Besieged(process, port, metrics_port)
        eventually(server.is_serving, "it serves")
        yield server
        server.channel.close()
    finally:
        process.kill()
        process.wait()


def _is_listening(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
