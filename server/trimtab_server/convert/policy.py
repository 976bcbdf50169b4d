"""Test results and differences of policies."""

from __future__ import annotations

import json

from trimtab.v1 import plan_pb2
from trimtab.v1 import policy_service_pb2 as pb
from trimtab_solver.outcome import Outcome
from trimtab_solver.review.diff import PlanChange, PlanSide, PolicyDiff
from trimtab_solver.review.document_changes import DocumentChange, FieldChange
from trimtab_solver.review.right_changes import Right, RightChange
from trimtab_solver.review.testing import CaseResult

from .enums import OUTCOMES, EnumTable
from .findings import source_to_proto
from .plan import action_to_proto

_RIGHTS = EnumTable(Right, pb.Right, "RIGHT")


def result_to_proto(result: CaseResult) -> pb.TestCaseResult:
    """The message for what came of a case."""
    return pb.TestCaseResult(
        test=result.test,
        name=result.name,
        position=source_to_proto(result.source),
        passed=result.passed,
        failures=[
            pb.TestFailure(position=source_to_proto(failure.source), field=failure.field, message=failure.message)
            for failure in result.failures
        ],
    )


def diff_to_proto(diff: PolicyDiff) -> pb.DiffPoliciesResponse:
    """The message for everything that differs."""
    return pb.DiffPoliciesResponse(
        old_digest=diff.old_digest,
        new_digest=diff.new_digest,
        documents=[_document(change) for change in diff.documents],
        rights=[_right(change) for change in diff.rights],
        selections=[
            pb.SelectionChange(name=change.name, path=change.path, gained=change.gained, lost=change.lost)
            for change in diff.selections
        ],
        plans=[plan_change_to_proto(change) for change in diff.plans],
    )


def _document(change: DocumentChange) -> pb.DocumentChange:
    message = pb.DocumentChange(kind=change.kind, name=change.name, fields=[_field(field) for field in change.fields])
    if change.old is not None:
        message.old_position.CopyFrom(source_to_proto(change.old))
    if change.new is not None:
        message.new_position.CopyFrom(source_to_proto(change.new))
    return message


def _right(change: RightChange) -> pb.RightChange:
    return pb.RightChange(
        right=_RIGHTS.to_proto[change.right],
        resource=change.resource,
        tier=change.tier,
        old_way=change.old,
        new_way=change.new,
        hardware_failures=change.failures,
        vm_ids=change.vm_ids,
    )


def _field(change: FieldChange) -> pb.FieldChange:
    return pb.FieldChange(path=change.path, old_json=_json(change.old), new_json=_json(change.new))


def _json(value: object) -> str:
    return "" if value is None else json.dumps(value, ensure_ascii=False, sort_keys=True)


def plan_change_to_proto(change: PlanChange) -> pb.PlanChange:
    """The message for what a scenario comes to."""
    return pb.PlanChange(
        scenario=change.scenario,
        old_side=_side(change.old),
        new_side=_side(change.new),
        added_actions=[action_to_proto(action) for action in change.added],
        removed_actions=[action_to_proto(action) for action in change.removed],
        down_vm_ids=change.down,
        up_vm_ids=change.up,
        stops=[pb.CountChange(name=name, old_count=old, new_count=new) for name, old, new in change.stops],
        broken_rules=[pb.CountChange(name=name, old_count=old, new_count=new) for name, old, new in change.broken],
    )


def _side(side: PlanSide) -> pb.PlanSide:
    levels = [plan_pb2.LevelValue(name=name, value=value) for name, value in (side.levels or {}).items()]
    outcome = OUTCOMES.to_proto[Outcome(side.outcome)] if side.outcome else plan_pb2.OUTCOME_UNSPECIFIED
    refusals = [str(fault) for fault in side.refused]
    return pb.PlanSide(outcome=outcome, levels=levels, refusals=refusals, is_proven=side.is_proven)
