"""Requests that tests send."""

from __future__ import annotations

import functools

from google.protobuf.duration_pb2 import Duration

from trimtab.v1 import planning_service_pb2 as pb
from trimtab.v1 import policy_pb2, snapshot_pb2
from trimtab_server.convert.request import policy_to_proto
from trimtab_server.convert.snapshot import snapshot_to_proto
from trimtab_server.sampling.generator import generate
from trimtab_server.sampling.options import SampleOptions

SERVER_POLICY = policy_pb2.PolicyReference(server_default=policy_pb2.ServerDefaultPolicy())


@functools.cache
def _snapshot(hosts: int, vms: int, load: float, fail: tuple[str, ...]) -> bytes:
    sample = generate(SampleOptions(hosts=hosts, vms=vms, load=load, fail=fail))
    return snapshot_to_proto(sample.snapshot).SerializeToString()


def small_snapshot() -> snapshot_pb2.Snapshot:
    """Eight hosts, one of them failed: planned in a moment."""
    return snapshot_pb2.Snapshot.FromString(_snapshot(9, 40, 0.6, ("host:h0001",)))


def sampled(hosts: int, vms: int, load: float) -> snapshot_pb2.Snapshot:
    """A sample cluster, one host of which has failed."""
    return snapshot_pb2.Snapshot.FromString(_snapshot(hosts, vms, load, ("host:h0001",)))


def small(**fields: object) -> pb.CreatePlanRequest:
    """A request that is done in a moment."""
    budget = Duration(seconds=5)
    return pb.CreatePlanRequest(
        **{"snapshot": small_snapshot(), "policy": SERVER_POLICY, "time_budget": budget, **fields}  # type: ignore[arg-type]  # any field
    )


def long(budget_s: int = 120, **fields: object) -> pb.CreatePlanRequest:
    """A request that keeps a solver busy until it is stopped or out of time."""
    snapshot = snapshot_pb2.Snapshot.FromString(_snapshot(150, 1500, 1.1, ("host:h0001", "host:h0002")))
    budget = Duration(seconds=budget_s)
    return pb.CreatePlanRequest(
        **{"snapshot": snapshot, "policy": SERVER_POLICY, "time_budget": budget, **fields}  # type: ignore[arg-type]  # any field
    )


def inline_policy(text: str) -> policy_pb2.PolicyReference:
    """A policy of one file, ``p.yaml``."""
    return policy_to_proto({"p.yaml": text.encode()})


def as_stream(request: pb.CreatePlanRequest) -> pb.StreamPlanRequest:
    """The same request for StreamPlan."""
    return pb.StreamPlanRequest(
        snapshot=request.snapshot,
        policy=request.policy,
        request_id=request.request_id,
        seed=request.seed,
        reproducible=request.reproducible,
        time_budget=request.time_budget,
        warm_start=request.warm_start if request.HasField("warm_start") else None,
        frontier_percents=request.frontier_percents,
        strict=request.strict,
    )
