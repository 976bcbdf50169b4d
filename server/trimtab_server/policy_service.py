"""The policy service, seen from gRPC: solver processes do the work, as for planning."""

from __future__ import annotations

from typing import Final

import grpc
from google.protobuf.timestamp_pb2 import Timestamp

from trimtab.v1 import policy_service_pb2 as pb
from trimtab_solver.authoring.findings import findings_of
from trimtab_solver.errors import PolicyRefusedError

from .convert.policy import finding_to_proto
from .served_policy import ServedPolicy
from .services import Context, PlanningService

POLICY_SERVICE_NAME: Final = pb.DESCRIPTOR.services_by_name["PolicyService"].full_name


class PolicyService:
    """Handlers of trimtab.v1.PolicyService."""

    def __init__(self, planning: PlanningService, served: ServedPolicy) -> None:
        self._planning = planning
        self._served = served

    def handler(self) -> grpc.GenericRpcHandler:
        """The handler to add to a server; requests are not parsed in this process."""
        return grpc.method_handlers_generic_handler(
            POLICY_SERVICE_NAME,
            {
                "LintPolicy": grpc.unary_unary_rpc_method_handler(self.lint_policy),
                "TestPolicy": grpc.unary_unary_rpc_method_handler(self.test_policy),
                "DiffPolicies": grpc.unary_unary_rpc_method_handler(self.diff_policies),
                "GetServedPolicy": grpc.unary_unary_rpc_method_handler(self.get_served_policy),
            },
        )

    async def lint_policy(self, request: bytes, context: Context) -> bytes:
        """Say what is wrong with a policy."""
        return await self._planning.run("LintPolicy", request, context)

    async def test_policy(self, request: bytes, context: Context) -> bytes:
        """Run the tests of a policy."""
        return await self._planning.run("TestPolicy", request, context)

    async def diff_policies(self, request: bytes, context: Context) -> bytes:
        """Compare two policies."""
        return await self._planning.run("DiffPolicies", request, context)

    async def get_served_policy(self, request: bytes, context: Context) -> bytes:  # noqa: ARG002 - the signature is gRPC's
        """Tell which policy is in force."""
        served = self._served
        policy = served.policy
        response = pb.GetServedPolicyResponse(
            policy_digest=policy.digest if policy else "",
            document_count=len(policy.documents) if policy else 0,
            load_count=served.load_count,
            refusal_count=served.refusal_count,
        )
        if policy is not None:
            response.loaded_at.CopyFrom(Timestamp(seconds=int(served.loaded_at)))
        if served.faults:
            refusal = PolicyRefusedError(served.faults)
            response.refusals.extend(finding_to_proto(finding) for finding in findings_of(refusal))
        return response.SerializeToString()
