"""Explanations of guests."""

from __future__ import annotations

from trimtab.v1 import planning_service_pb2 as pb
from trimtab_solver.errors import Fault, RefusedError
from trimtab_solver.explain.explanation import Admission, GuestExplanation, Objection

from .enums import CONDITIONS


def explanation_from_proto(message: pb.ExplainGuestResponse) -> GuestExplanation:
    """The explanation in `message`.

    Raises
    ------
    RefusedError
        When a condition is not stated or unknown.
    """
    faults: list[Fault] = []
    hosts = tuple(
        _admission_from_proto(admission, f"hosts[{index}]", faults) for index, admission in enumerate(message.hosts)
    )
    if faults:
        raise RefusedError(faults)
    return GuestExplanation(message.vm_id, message.tier, hosts)


def explanation_to_proto(explanation: GuestExplanation) -> pb.ExplainGuestResponse:
    """The message for `explanation`."""
    return pb.ExplainGuestResponse(
        vm_id=explanation.vm_id, tier=explanation.tier, hosts=[_admission_to_proto(one) for one in explanation.hosts]
    )


def _admission_from_proto(message: pb.Admission, path: str, faults: list[Fault]) -> Admission:
    objections = tuple(
        Objection(
            condition=CONDITIONS.read(objection.condition, f"{path}.objections[{index}].condition", faults),
            message=objection.message,
            rule=objection.rule,
        )
        for index, objection in enumerate(message.objections)
    )
    return Admission(message.host_id, objections, tuple(message.remarks))


def _admission_to_proto(admission: Admission) -> pb.Admission:
    return pb.Admission(
        host_id=admission.host_id,
        admitted=admission.is_admitted,
        objections=[
            pb.Objection(condition=CONDITIONS.to_proto[one.condition], message=one.message, rule=one.rule)
            for one in admission.objections
        ],
        remarks=admission.remarks,
    )
