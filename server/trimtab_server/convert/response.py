"""Responses of the planning service that are more than an answer."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from trimtab.v1 import plan_pb2
from trimtab.v1 import planning_service_pb2 as pb
from trimtab_solver.outcome import LevelValue
from trimtab_solver.quarantine import Quarantined
from trimtab_solver.verify.replay import Verdict
from trimtab_solver.verify.staleness import StaleInput

from .answer import level_to_proto
from .plan import violation_to_proto
from .quarantine import quarantined_to_proto
from .request import seconds_to_proto


def progress_to_proto(engine: str, elapsed_s: float, levels: Iterable[LevelValue]) -> pb.Progress:
    """The message for the best solution so far."""
    return pb.Progress(
        engine=engine, elapsed=seconds_to_proto(elapsed_s), levels=[level_to_proto(level) for level in levels]
    )


def verdict_to_proto(
    verdict: Verdict, stale: Sequence[StaleInput] = (), quarantined: Sequence[Quarantined] = ()
) -> pb.VerifyPlanResponse:
    """The message for what the verifier found, what differs from the plan's certificate, and who is left alone."""
    return pb.VerifyPlanResponse(
        verified=verdict.is_valid and not stale,
        outcome=plan_pb2.OUTCOME_STALE if stale else plan_pb2.OUTCOME_UNSPECIFIED,
        stale_inputs=[
            pb.StaleInput(input=one.input, certified_digest=one.certified_digest, actual_digest=one.actual_digest)
            for one in stale
        ],
        violations=[violation_to_proto(violation) for violation in verdict.violations],
        levels=[plan_pb2.LevelValue(name=name, value=value) for name, value in verdict.levels],
        quarantined=[quarantined_to_proto(record) for record in quarantined],
    )
