"""What the front process answers itself: which policy is in force."""

from __future__ import annotations

from google.protobuf.timestamp_pb2 import Timestamp

from trimtab.v1 import policy_service_pb2 as pb
from trimtab_solver.authoring.findings import findings_of
from trimtab_solver.errors import PolicyRefusedError

from ..convert.findings import finding_to_proto
from ..served_policy import ServedPolicy


def served_policy(served: ServedPolicy) -> pb.GetServedPolicyResponse:
    """What is in force, since when, and what is wrong with the folder as it is now."""
    policy = served.policy
    response = pb.GetServedPolicyResponse(
        policy_digest=policy.digest if policy else "",
        document_count=policy.document_count if policy else 0,
        load_count=served.load_count,
        refusal_count=served.refusal_count,
    )
    if policy is not None:
        response.loaded_at.CopyFrom(Timestamp(seconds=int(served.loaded_at)))
    if served.faults:
        refusal = PolicyRefusedError(served.faults)
        response.refusals.extend(finding_to_proto(finding) for finding in findings_of(refusal))
    return response
