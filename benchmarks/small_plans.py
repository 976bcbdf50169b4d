"""The subject ``small_plans``: how many plans a second a service makes for a small cluster.

Requests go side by side, each to a process of its own, under a policy that the service holds; the network is left out.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Final

from benchmarks.service import PATIENCE_S, SolverFailedError, job_for
from benchmarks.subject import BenchmarkCase, CaseSelection, Row
from trimtab.v1 import planning_service_pb2 as pb
from trimtab.v1 import policy_pb2
from trimtab_server.calls.methods import METHODS
from trimtab_server.convert.request import seconds_to_proto
from trimtab_server.convert.snapshot import snapshot_to_proto
from trimtab_server.dispatch.frames import Failed, Response
from trimtab_server.dispatch.incoming import Incoming
from trimtab_server.dispatch.supervisor import PROBE, Supervisor
from trimtab_server.sampling.generator import generate
from trimtab_server.sampling.options import SampleOptions
from trimtab_server.sampling.policy import sample_policy_folder
from trimtab_solver.authoring.policy_files import read_policy_files

_CREATE_PLAN: Final = next(method for method in METHODS if method.name == "CreatePlan")
_HOSTS, _GUESTS = 10, 60
_LOADS: Final = (0.6, 0.9)
_WORKERS: Final = 2
_CLIENTS: Final = 4
_BUDGET_S: Final = 5.0
_LASTS_S, _SMOKE_S = 20.0, 2.0


def cases(selection: CaseSelection) -> Iterator[BenchmarkCase]:
    """One host of ten has failed, at two loads."""
    lasts_s = _SMOKE_S if selection.smoke else _LASTS_S
    for load in _LOADS:
        size = f"{_HOSTS}x{_GUESTS}"
        if selection.has_size(size):
            facts = {"size": size, "load": load, "workers": _WORKERS, "clients": _CLIENTS}
            yield BenchmarkCase(facts, partial(_measure, load, lasts_s))


def _measure(load: float, lasts_s: float) -> Row:
    return asyncio.run(_serve(load, lasts_s))


async def _serve(load: float, lasts_s: float) -> Row:
    supervisor = Supervisor(_WORKERS, _CLIENTS)
    try:
        await supervisor.start(job_for(PROBE, PATIENCE_S))
        folder: Path = sample_policy_folder()
        await supervisor.hold(read_policy_files(folder))
        end = time.monotonic() + lasts_s
        took = [seconds for client in await _clients(supervisor, load, end) for seconds in client]
    finally:
        await supervisor.close()
    took.sort()
    return {
        "plans": len(took),
        "plans_per_s": round(len(took) / lasts_s, 2),
        "median_s": round(took[len(took) // 2], 4),
        "p99_s": round(took[int(0.99 * len(took))], 4),
    }


async def _clients(supervisor: Supervisor, load: float, end: float) -> list[list[float]]:
    return await asyncio.gather(*(_ask(supervisor, load, number, end) for number in range(_CLIENTS)))


async def _ask(supervisor: Supervisor, load: float, number: int, end: float) -> list[float]:
    """One client: request after request until `end`; how long each took."""
    sample = generate(SampleOptions(hosts=_HOSTS, vms=_GUESTS, load=load, fail=("host:h0001",)))
    request = pb.CreatePlanRequest(
        snapshot=snapshot_to_proto(sample.snapshot),
        policy=policy_pb2.PolicyReference(server_default=policy_pb2.ServerDefaultPolicy()),
        time_budget=seconds_to_proto(_BUDGET_S),
    ).SerializeToString()
    took = []
    while (began := time.monotonic()) < end:
        await _plan(supervisor, Incoming(request, f"client {number}"))
        took.append(time.monotonic() - began)
    return took


async def _plan(supervisor: Supervisor, request: Incoming) -> None:
    async with supervisor.solver(job_for(_CREATE_PLAN, _BUDGET_S), request) as solver:
        async for frame in solver.frames():
            if isinstance(frame, Failed):
                raise SolverFailedError(frame.status.message)
            if isinstance(frame, Response):
                return
    raise SolverFailedError("the solver process died without an answer")
