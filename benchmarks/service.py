"""Plans through the service's own path: request bytes into a real solver process, answer bytes out of it.

A request goes to a process that the fork server has started, as `trimtab serve` does it; only the network is left out.
Times count from the moment the bytes are handed over to the moment the last byte of the answer is there: decoding,
checking, compiling, searching, ordering, verifying and encoding are all in it.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from trimtab.v1 import planning_service_pb2 as pb
from trimtab_server.calls.methods import METHODS
from trimtab_server.convert.answer import answer_from_proto, level_from_proto
from trimtab_server.convert.request import policy_to_proto, seconds_from_proto, seconds_to_proto
from trimtab_server.convert.snapshot import snapshot_to_proto
from trimtab_server.dispatch.frames import Accepted, Failed, ProgressMessage, Response, WorkReport
from trimtab_server.dispatch.incoming import Incoming
from trimtab_server.dispatch.job import Job
from trimtab_server.dispatch.method import Method
from trimtab_server.dispatch.solver_process import SolverProcess
from trimtab_server.dispatch.supervisor import PROBE, Supervisor
from trimtab_solver.outcome import Answer, LevelValue
from trimtab_solver.snapshot import Snapshot

THREADS: Final = 2
_STREAM_PLAN: Final = next(method for method in METHODS if method.name == "StreamPlan")
_MEMORY_BYTES: Final = 16 << 30
PATIENCE_S: Final = 600.0
_POLL_S: Final = 0.02


class SolverFailedError(Exception):
    """The solver process answered with an error, or died; the message is its own."""


@dataclass(frozen=True, slots=True)
class Improvement:
    """The best target so far: seconds after the start of the request, engine, value and bound per level."""

    elapsed_s: float
    engine: str
    levels: tuple[LevelValue, ...]


@dataclass(frozen=True, slots=True)
class Measurement:
    """One request. `wall_s` from bytes to answer; `peak_mib` is the most memory the process ever held."""

    answer: Answer
    wall_s: float
    peak_mib: int
    improvements: tuple[Improvement, ...]
    report: Mapping[str, object]


def request_bytes(snapshot: Snapshot, policy: Mapping[str, bytes], budget_s: float, seed: int) -> bytes:
    """The request as it comes over the wire."""
    return pb.StreamPlanRequest(
        snapshot=snapshot_to_proto(snapshot),
        policy=policy_to_proto(policy),
        request_id="benchmark",
        seed=seed,
        time_budget=seconds_to_proto(budget_s),
    ).SerializeToString()


class Service:
    """A fork server for solver processes; a context manager."""

    def __enter__(self) -> Self:
        self._runner = asyncio.Runner()
        self._supervisor = self._runner.run(self._start())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._runner.run(self._supervisor.close())
        self._runner.close()

    def plan(self, request: bytes, budget_s: float, *, at_once: bool = False) -> Measurement:
        """One request, answered within about the budget; `at_once` asks for the first verified plan there is.

        Raises
        ------
        SolverFailedError
            When there is no answer.
        """
        return self._runner.run(self._plan(request, budget_s, at_once))

    async def _start(self) -> Supervisor:
        supervisor = Supervisor(workers=1, queue_size=0)
        await supervisor.start(job_for(PROBE, PATIENCE_S))
        return supervisor

    async def _plan(self, request: bytes, budget_s: float, at_once: bool) -> Measurement:
        began = time.monotonic()
        improvements: list[Improvement] = []
        report: dict[str, object] = {}
        async with self._supervisor.solver(job_for(_STREAM_PLAN, budget_s), Incoming(request)) as solver:
            memory = _Memory(solver)
            async with asyncio.timeout(budget_s + PATIENCE_S):
                async for frame in solver.frames():
                    memory.look()
                    if isinstance(frame, Accepted) and at_once:
                        solver.ask_for_best()
                    elif isinstance(frame, ProgressMessage):
                        progress = pb.StreamPlanResponse.FromString(frame.content).progress
                        levels = tuple(level_from_proto(level) for level in progress.levels)
                        improvements.append(Improvement(seconds_from_proto(progress.elapsed), progress.engine, levels))
                    elif isinstance(frame, WorkReport):
                        report = dict(frame.facts)
                    elif isinstance(frame, Failed):
                        fault = report.get("fault", "")
                        raise SolverFailedError(f"{frame.status.message} {fault}".strip())
                    elif isinstance(frame, Response):
                        wall_s = time.monotonic() - began
                        await memory.stop()
                        answer = answer_from_proto(pb.StreamPlanResponse.FromString(frame.content).answer)
                        return Measurement(answer, wall_s, memory.peak_mib, tuple(improvements), report)
        raise SolverFailedError("the solver process died without an answer")


def job_for(method: Method, budget_s: float) -> Job:
    """What a solver process is told about a call of the method without a deadline."""
    return Job(
        method=method,
        end_by=time.monotonic() + budget_s,
        has_deadline=False,
        default_budget_s=budget_s,
        max_budget_s=budget_s,
        threads=THREADS,
        memory_bytes=_MEMORY_BYTES,
        answer_bytes=_MEMORY_BYTES,
    )


class _Memory:
    """Watches the high-water mark of a process, which the kernel keeps."""

    def __init__(self, solver: SolverProcess) -> None:
        self.peak_mib = 0
        self._status = Path(f"/proc/{solver.pid}/status")
        self._watching = asyncio.create_task(self._watch())

    def look(self) -> None:
        with contextlib.suppress(OSError):  # the process may be gone by now
            for line in self._status.read_text().splitlines():
                if line.startswith("VmHWM:"):
                    self.peak_mib = max(self.peak_mib, int(line.split()[1]) >> 10)

    async def stop(self) -> None:
        self._watching.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._watching

    async def _watch(self) -> None:
        while True:
            self.look()
            await asyncio.sleep(_POLL_S)
