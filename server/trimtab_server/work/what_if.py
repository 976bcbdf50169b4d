"""What a solver process does for the what-if service."""

from __future__ import annotations

import gc
import threading
import time
from collections import Counter
from typing import Final

from trimtab.v1 import what_if_service_pb2 as pb
from trimtab_solver.digest import snapshot_digest
from trimtab_solver.prepared import Prepared, prepare
from trimtab_solver.what_if.assessing import Assessor
from trimtab_solver.what_if.severity import Displacement
from trimtab_solver.what_if.verdicts import ScenarioVerdict

from ..convert.batch import BatchOrder, batch_order_from_proto
from ..convert.request import seconds_to_proto
from ..convert.scenario_verdict import scenario_verdict_to_proto
from ..dispatch.worker import Worker

_SENDING_S: Final = 0.2
"""Kept of the time to work, in which the last message travels."""


def run_scenarios(worker: Worker) -> pb.RunScenariosResponse:
    """Assess one scenario after the other until all are assessed, or the time is over."""
    message: pb.RunScenariosRequest = worker.message()
    with worker.stages.timed("convert"):
        order = batch_order_from_proto(message)
    # as large as all that is made of it
    del message
    with worker.stages.timed("policy"):
        policy = worker.policy(order.policy_files)
        policies = {name: worker.policy(files) for name, files in order.policies.items()}
    prepared = prepare(order.snapshot, policy, worker.stages, is_strict=False)
    assessor = Assessor(prepared, order.options, policies)
    batch = _Batch(worker, len(order.scenarios))
    batch.accept(snapshot_digest(order.snapshot), policy.digest)
    # unlike a single plan, thousands of scenarios leave cycles behind; what they all share is in none of them
    gc.collect()
    gc.freeze()
    gc.enable()
    with worker.ending_at(worker.job.end_by - _SENDING_S, batch.end):
        for number in _in_order(order, prepared):
            if worker.stop.is_set():
                break
            batch.report(number, assessor.assess(order.scenarios[number], f"scenarios[{number}]"))
        return batch.end()


def _in_order(order: BatchOrder, prepared: Prepared) -> list[int]:
    if order.worst_first:
        return Displacement(prepared).worst_first(order.scenarios)
    return list(range(len(order.scenarios)))


class _Batch:
    """How far the scenarios are, as the caller is told."""

    def __init__(self, worker: Worker, size: int) -> None:
        self._worker, self._size = worker, size
        self._assessed = 0
        self._bases: Counter[str] = Counter()
        # the end may come from another thread, and counts what was sent
        self._telling = threading.Lock()

    def accept(self, snapshot: str, policy: str) -> None:
        """Says what is going to be assessed."""
        accepted = pb.BatchAccepted(scenario_count=self._size, snapshot_digest=snapshot, policy_digest=policy)
        self._worker.note(snapshot_digest=snapshot, policy_digest=policy, scenarios=self._size)
        self._worker.publish(pb.RunScenariosResponse(accepted=accepted))

    def report(self, number: int, verdict: ScenarioVerdict) -> None:
        """Tells the verdict on a scenario."""
        assessed = pb.AssessedScenario(number=number, verdict=scenario_verdict_to_proto(verdict))
        self._worker.check_size(assessed.ByteSize())
        with self._telling:
            self._assessed += 1
            self._bases[verdict.last.basis] += 1
            assessed.assessed_count = self._assessed
            assessed.elapsed.CopyFrom(seconds_to_proto(self._elapsed_s))
            self._worker.publish(pb.RunScenariosResponse(assessed=assessed))

    def end(self) -> pb.RunScenariosResponse:
        """The last message."""
        with self._telling:
            self._worker.note(assessed=self._assessed, bases=dict(self._bases))
            is_complete = self._assessed == self._size
            end = pb.BatchEnd(
                assessed_count=self._assessed, complete=is_complete, elapsed=seconds_to_proto(self._elapsed_s)
            )
            return pb.RunScenariosResponse(finished=end)

    @property
    def _elapsed_s(self) -> float:
        return time.monotonic() - self._worker.began
