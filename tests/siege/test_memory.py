"""The front process holds few requests at a time, and none of those that are over."""

from __future__ import annotations

import time
from typing import Any

import grpc
import pytest
from google.protobuf.duration_pb2 import Duration

from tests.integration.running import eventually
from tests.siege.besieged import FULL, besieged, channel_to
from trimtab.v1 import planning_service_pb2 as pb

_MIXES = [(4, 20, 9.8), (12, 1, 60.0), (1, 12, 60.0)] if FULL else [(2, 10, 9.8), (4, 1, 60.0)]
_MOST_MIB = 512
_GIVEN_BACK_S = 10.0


def _large(mib: float) -> bytes:
    """A request of that size that is refused once somebody parses it."""
    request = pb.CreatePlanRequest(request_id="one", time_budget=Duration(seconds=20))
    request.snapshot.hosts.add(id="x" * int(mib * (1 << 20)))
    return request.SerializeToString()


@pytest.mark.parametrize(("clients", "each", "mib"), _MIXES)
def test_large_calls_do_not_pile_up(clients: int, each: int, mib: float) -> None:
    """Many clients send many large calls at a time: all end, memory stays bounded, and is given back in ten seconds."""
    request = _large(mib)
    with besieged("--workers", "1") as server:
        before = server.resident_mib()
        channels = [channel_to(server.port) for _ in range(clients)]
        calls: list[grpc.Future[bytes]] = []
        for channel in channels:
            send: Any = channel.unary_unary("/trimtab.v1.PlanningService/CreatePlan")
            calls.extend(send.future(request, timeout=120) for _ in range(each))
        most = before
        while not all(call.done() for call in calls):
            most = max(most, server.resident_mib())
            time.sleep(0.02)
        for channel in channels:
            channel.close()
        ended = time.monotonic()
        eventually(lambda: server.resident_mib() < 1.2 * before, "memory is given back")
        assert time.monotonic() - ended < _GIVEN_BACK_S
        after = server.resident_mib()
        assert server.is_serving()
    print(f"\n{clients} x {each} calls of {mib} MiB; memory of the front: {before:.0f} MiB, ", end="")
    print(f"at most {most:.0f} MiB, afterwards {after:.0f} MiB")
    assert most < _MOST_MIB
