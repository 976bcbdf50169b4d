"""Every method that is served: one row each, and nothing is registered anywhere else.

A new method is a row here and the function that the row names.
"""

from __future__ import annotations

from typing import Final

from trimtab.v1 import planning_service_pb2 as planning
from trimtab.v1 import policy_service_pb2 as policy
from trimtab.v1 import what_if_service_pb2 as what_if

from ..dispatch.method import Method, Quota

PLANNING: Final = planning.DESCRIPTOR.services_by_name["PlanningService"].full_name
POLICY: Final = policy.DESCRIPTOR.services_by_name["PolicyService"].full_name
WHAT_IF: Final = what_if.DESCRIPTOR.services_by_name["WhatIfService"].full_name

METHODS: Final = (
    Method(
        PLANNING,
        "CreatePlan",
        planning.CreatePlanRequest,
        planning.CreatePlanResponse,
        Quota.PLAN,
        "trimtab_server.work.planning:create_plan",
    ),
    Method(
        PLANNING,
        "StreamPlan",
        planning.StreamPlanRequest,
        planning.StreamPlanResponse,
        Quota.PLAN,
        "trimtab_server.work.planning:stream_plan",
        is_streaming=True,
    ),
    Method(
        PLANNING,
        "VerifyPlan",
        planning.VerifyPlanRequest,
        planning.VerifyPlanResponse,
        Quota.REVIEW,
        "trimtab_server.work.planning:verify_plan",
    ),
    Method(
        PLANNING,
        "ExplainGuest",
        planning.ExplainGuestRequest,
        planning.ExplainGuestResponse,
        Quota.REVIEW,
        "trimtab_server.work.planning:explain_guest",
    ),
    Method(
        POLICY,
        "LintPolicy",
        policy.LintPolicyRequest,
        policy.LintPolicyResponse,
        Quota.REVIEW,
        "trimtab_server.work.policy:lint_policy",
    ),
    Method(
        POLICY,
        "TestPolicy",
        policy.TestPolicyRequest,
        policy.TestPolicyResponse,
        Quota.REVIEW,
        "trimtab_server.work.policy:test_policy",
    ),
    Method(
        POLICY,
        "DiffPolicies",
        policy.DiffPoliciesRequest,
        policy.DiffPoliciesResponse,
        Quota.REVIEW,
        "trimtab_server.work.policy:diff_policies",
    ),
    Method(
        POLICY,
        "GetServedPolicy",
        policy.GetServedPolicyRequest,
        policy.GetServedPolicyResponse,
        Quota.READ,
        "trimtab_server.calls.served:served_policy",
    ),
    Method(
        WHAT_IF,
        "RunScenarios",
        what_if.RunScenariosRequest,
        what_if.RunScenariosResponse,
        Quota.REVIEW,
        "trimtab_server.work.what_if:run_scenarios",
        is_streaming=True,
        is_whole=True,
    ),
)
