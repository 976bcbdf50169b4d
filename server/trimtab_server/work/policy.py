"""What a solver process does for the policy service."""

from __future__ import annotations

from typing import Final

from trimtab.v1 import policy_service_pb2 as pb
from trimtab_solver.authoring.findings import findings_of
from trimtab_solver.authoring.lint import lint
from trimtab_solver.errors import Fault, PolicyRefusedError, Reason, RefusedError
from trimtab_solver.options import PlanOptions
from trimtab_solver.policy.documents import Document
from trimtab_solver.review import diff as review
from trimtab_solver.review.testing import iterate_tests
from trimtab_solver.scenarios.scenario import Scenario
from trimtab_solver.snapshot import Snapshot

from ..convert.findings import finding_to_proto
from ..convert.policy import diff_to_proto, plan_change_to_proto, result_to_proto
from ..convert.request import policy_from_proto
from ..convert.scenario import policy_scenario_from_proto
from ..convert.snapshot import snapshot_from_proto
from ..dispatch.worker import Worker

MAX_SCENARIOS: Final = 1000
"""How many scenarios one call may compare plans for."""
_WORK_PER_PLAN: Final = PlanOptions(budget_s=2.0, reproducible=True)
"""As on the command line."""


def lint_policy(worker: Worker) -> pb.LintPolicyResponse:
    """Raises RefusedError when the snapshot is wrong and the policy can be used; one that cannot is an answer."""
    message: pb.LintPolicyRequest = worker.message()
    snapshot = snapshot_from_proto(message.snapshot) if message.HasField("snapshot") else None
    files = policy_from_proto(message.policy)
    try:
        policy = worker.policy(files)
    except PolicyRefusedError as refusal:
        return pb.LintPolicyResponse(findings=[finding_to_proto(finding) for finding in findings_of(refusal)])
    findings = [finding_to_proto(finding) for finding in lint(policy, snapshot)]
    return pb.LintPolicyResponse(usable=True, findings=findings, policy_digest=policy.digest)


def test_policy(worker: Worker) -> pb.TestPolicyResponse:
    """Raises RefusedError when the policy cannot be used, or a test names a snapshot file."""
    message: pb.TestPolicyRequest = worker.message()
    policy, text = worker.policy(policy_from_proto(message.policy)), message.name_filter
    wanted = iterate_tests(policy, _no_files, lambda test, case: text in test or text in case)
    results: list[pb.TestCaseResult] = []
    size = 0
    for result in wanted:
        results.append(result_to_proto(result))
        size += results[-1].ByteSize()
        worker.check_size(size)
    passed = sum(result.passed for result in results)
    return pb.TestPolicyResponse(
        results=results, passed_count=passed, failed_count=len(results) - passed, policy_digest=policy.digest
    )


def diff_policies(worker: Worker) -> pb.DiffPoliciesResponse:
    """Raises RefusedError when an input cannot be used."""
    message: pb.DiffPoliciesRequest = worker.message()
    old = worker.policy(policy_from_proto(message.old_policy, "old_policy"))
    new = worker.policy(policy_from_proto(message.new_policy, "new_policy"))
    if len(message.scenarios) > MAX_SCENARIOS:
        has = f"has {len(message.scenarios)} entries"
        fault = Fault(Reason.OUT_OF_RANGE, "scenarios", has, f"send at most {MAX_SCENARIOS} at a time")
        raise RefusedError([fault])
    faults: list[Fault] = []
    scenarios = tuple(
        policy_scenario_from_proto(scenario, f"scenarios[{i}]", faults) for i, scenario in enumerate(message.scenarios)
    )
    if faults:
        raise RefusedError(faults)
    if not message.HasField("snapshot"):
        if scenarios:
            fault = Fault(Reason.INVALID_REQUEST, "snapshot", "is missing", "scenarios happen to a cluster: send one")
            raise RefusedError([fault])
        return diff_to_proto(review.diff_policies(old, new))
    snapshot = snapshot_from_proto(message.snapshot)
    wanted = scenarios or (Scenario(name="as it is"),)
    comparison = review.PolicyComparison(old, new, snapshot)
    response = diff_to_proto(comparison.diff)
    size = response.ByteSize()
    worker.check_size(size)
    for change in comparison.plan_changes(wanted, _WORK_PER_PLAN):
        response.plans.append(plan_change_to_proto(change))
        size += response.plans[-1].ByteSize()
        worker.check_size(size)
    return response


def _no_files(document: Document, name: str) -> Snapshot:
    where = f"{document.position('spec.snapshot')} spec.snapshot"
    message = f'names the file "{name}", which does not travel with the request'
    raise RefusedError([Fault(Reason.INVALID_REQUEST, where, message, "write the cluster as fixtures")])
