"""The front process holds few requests at a time, and none of those that are over."""

from __future__ import annotations

import time
from typing import Any

import grpc
from google.protobuf.duration_pb2 import Duration

from tests.integration.running import eventually
from tests.siege.besieged import FULL, besieged, channel_to
from trimtab.v1 import planning_service_pb2 as pb

_CLIENTS, _EACH, _MIB = (4, 20, 9.8) if FULL else (2, 10, 9.8)


def _large(number: int) -> bytes:
    """A request of nearly ten MiB that is refused once somebody parses it."""
    request = pb.CreatePlanRequest(request_id="one", seed=number, time_budget=Duration(seconds=1))
    request.snapshot.hosts.add(id="x" * int(_MIB * (1 << 20)))
    return request.SerializeToString()


def test_large_calls_do_not_pile_up() -> None:
    """Many clients send many equal large calls at a time: all end, memory stays bounded, and is given back."""
    request = _large(0)
    with besieged("--workers", "1") as server:
        before = server.resident_mib()
        channels = [channel_to(server.port) for _ in range(_CLIENTS)]
        calls: list[grpc.Future[bytes]] = []
        for channel in channels:
            send: Any = channel.unary_unary("/trimtab.v1.PlanningService/CreatePlan")
            calls.extend(send.future(request, timeout=120) for _ in range(_EACH))
        most = before
        while not all(call.done() for call in calls):
            most = max(most, server.resident_mib())
            time.sleep(0.02)
        for channel in channels:
            channel.close()
        eventually(lambda: server.resident_mib() < 1.5 * before, "memory is given back")
        after = server.resident_mib()
        assert server.is_serving()
    print(f"\nmemory of the front: {before:.0f} MiB, at most {most:.0f} MiB, afterwards {after:.0f} MiB")
    assert most < 512
