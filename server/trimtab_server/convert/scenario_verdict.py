"""What comes of scenarios."""

from __future__ import annotations

import dataclasses

from trimtab.v1 import plan_pb2
from trimtab.v1 import what_if_service_pb2 as pb
from trimtab_solver.what_if.verdicts import Basis, ScenarioVerdict, StepVerdict

from .answer import level_to_proto
from .enums import OUTCOMES, REASONS, EnumTable
from .plan import plan_to_proto

_BASES = EnumTable(Basis, pb.VerdictBasis, "VERDICT_BASIS")


def scenario_verdict_to_proto(verdict: ScenarioVerdict) -> pb.ScenarioVerdict:
    """The message for what comes of a scenario."""
    return pb.ScenarioVerdict(scenario=verdict.scenario, steps=[_step(step) for step in verdict.steps])


def _step(step: StepVerdict) -> pb.StepVerdict:
    return pb.StepVerdict(
        outcome=OUTCOMES.to_proto[step.outcome],
        basis=_BASES.to_proto[step.basis],
        losses=[level_to_proto(level) for level in step.losses],
        tiers=[pb.TierFate(**dataclasses.asdict(tier)) for tier in step.tiers],
        broken_rules=[
            pb.RuleBreach(rule=rule, amount_before=before, amount_after=after)
            for rule, (before, after) in step.broken.items()
        ],
        hardware_failures=step.hardware_failures,
        makespan_s=step.makespan_s,
        action_count=step.actions,
        plan_digest=step.plan_digest,
        plan=None if step.plan is None else plan_to_proto(step.plan),
        refusals=[
            plan_pb2.RecordFault(
                reason=REASONS.to_proto[fault.reason], path=fault.path, message=fault.message, fix=fault.fix
            )
            for fault in step.refused
        ],
        notes=step.notes,
    )
