"""What a solver process does for the policy service."""

from __future__ import annotations

import pytest
from google.protobuf.message import Message

from tests.support.case_files import RESTART, TIERS
from tests.support.solving import worker_of
from trimtab.v1 import policy_service_pb2 as pb
from trimtab_server.calls.methods import METHODS
from trimtab_server.convert.request import policy_to_proto
from trimtab_server.convert.snapshot import snapshot_to_proto
from trimtab_server.dispatch.worker import Worker
from trimtab_server.work import policy as work
from trimtab_solver.authoring.loader import parse_policy
from trimtab_solver.errors import RefusedError

_METHODS = {method.request: method for method in METHODS}


def _worker(request: Message) -> Worker:
    return worker_of(_METHODS[type(request)], bytes(request.SerializeToString()))[0]


def test_a_wrong_policy_is_a_finding() -> None:
    """Lint answers with it, where and what; a policy that can be used has a digest."""
    wrong = pb.LintPolicyRequest(policy=policy_to_proto({"p.yaml": b"kind: Nothing"}))
    response = work.lint_policy(_worker(wrong))
    assert not response.usable
    assert {finding.position.file for finding in response.findings} == {"p.yaml"}
    files = {"p.yaml": TIERS.encode()}
    right = pb.LintPolicyRequest(policy=policy_to_proto(files), snapshot=snapshot_to_proto(RESTART))
    response = work.lint_policy(_worker(right))
    assert (response.usable, response.policy_digest) == (True, parse_policy(files).digest)


def test_a_wrong_snapshot_is_refused() -> None:
    """Lint on a cluster needs a cluster."""
    request = pb.LintPolicyRequest(policy=policy_to_proto({"p.yaml": TIERS.encode()}))
    request.snapshot.SetInParent()
    with pytest.raises(RefusedError):
        work.lint_policy(_worker(request))


def test_documents_that_differ_are_listed() -> None:
    """Without a snapshot documents are compared; the side that cannot be read is named."""
    old, new = TIERS, TIERS.replace("rank: 9", "rank: 8")
    request = pb.DiffPoliciesRequest(
        old_policy=policy_to_proto({"p.yaml": old.encode()}), new_policy=policy_to_proto({"p.yaml": new.encode()})
    )
    response = work.diff_policies(_worker(request))
    assert [change.name for change in response.documents] == ["top"]
    request.new_policy.inline.documents[0].name = ""
    with pytest.raises(RefusedError) as refusal:
        work.diff_policies(_worker(request))
    assert [fault.path for fault in refusal.value.faults] == ["new_policy.inline.documents[0].name"]


@pytest.mark.parametrize(
    ("scenario", "has_snapshot", "path"),
    [
        (pb.PolicyScenario(name="one"), False, "snapshot"),
        (pb.PolicyScenario(), True, "scenarios[0].name"),
        (pb.PolicyScenario(name="one", hardware_failures=-1), True, "scenarios[0].hardware_failures"),
    ],
)
def test_wrong_scenarios_are_refused(scenario: pb.PolicyScenario, has_snapshot: bool, path: str) -> None:
    """Each by its field."""
    policy = policy_to_proto({"p.yaml": TIERS.encode()})
    snapshot = snapshot_to_proto(RESTART) if has_snapshot else None
    request = pb.DiffPoliciesRequest(old_policy=policy, new_policy=policy, scenarios=[scenario], snapshot=snapshot)
    with pytest.raises(RefusedError) as refusal:
        work.diff_policies(_worker(request))
    assert [fault.path for fault in refusal.value.faults] == [path]
