"""The policy service, and the server's own policy: checked over gRPC, replaced as a whole, never by a bad one."""

from __future__ import annotations

import shutil
import signal
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import grpc
import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.integration.running import PATIENCE_S, RunningServer, eventually, refused, running_server
from trimtab.v1 import plan_pb2, policy_pb2, policy_service_pb2_grpc
from trimtab.v1 import planning_service_pb2 as planning
from trimtab.v1 import policy_service_pb2 as pb
from trimtab_server.convert.snapshot import snapshot_to_proto
from trimtab_solver.authoring.loader import load_policy
from trimtab_solver.snapshot import Host, Snapshot, Vm

TIERS = b"""\
apiVersion: trimtab/v1
kind: Tier
metadata: {name: gold}
spec: {rank: 9}
---
apiVersion: trimtab/v1
kind: Tier
metadata: {name: bronze}
spec: {rank: 1, evict: {when: event.hardware_failures >= 1}}
"""
TEST = b"""\
apiVersion: trimtab/v1
kind: PolicyTest
metadata: {name: rights}
spec:
  fixtures: {hosts: {h: {}}, vms: {a: {tier: bronze, host: h}}}
  cases:
    - {name: never without a failure, expect: {evictable: []}}
    - {name: wrong on purpose, hardwareFailures: 1, expect: {evictable: []}}
"""
CLUSTER = snapshot_to_proto(
    Snapshot(
        tuple(Host(name, capacity={"memory_mib": 8}) for name in ("h1", "h2")),
        (
            Vm("a", tier="gold", requested={"memory_mib": 8}, host_id="h1"),
            Vm("b", tier="bronze", requested={"memory_mib": 8}, host_id="h2"),
        ),
    )
)


def inline(**files: bytes) -> policy_pb2.PolicyReference:
    """A policy that travels with the request."""
    documents = [policy_pb2.PolicyDocument(name=f"{name}.yaml", content=content) for name, content in files.items()]
    return policy_pb2.PolicyReference(inline=policy_pb2.PolicyDocuments(documents=documents))


def stub(server: RunningServer) -> policy_service_pb2_grpc.PolicyServiceStub:
    """A client."""
    return policy_service_pb2_grpc.PolicyServiceStub(server.channel)


def test_lint_tells_places_and_whether_the_policy_is_usable(server: RunningServer) -> None:
    """Warnings leave it usable; errors do not, and are an answer."""
    pin = b"---\napiVersion: trimtab/v1\nkind: Pin\nmetadata: {name: p}\nspec:\n  select: {cel: vm.tier == 'glod'}\n"
    good = TIERS + pin + b"  hosts: {ids: [h1]}\n"
    found = stub(server).LintPolicy(pb.LintPolicyRequest(policy=inline(p=good)), timeout=PATIENCE_S)
    assert (found.usable, len(found.policy_digest)) == (True, 64)
    (finding,) = found.findings
    assert (finding.severity, finding.rule) == (pb.SEVERITY_WARNING, "unknown-value")
    assert (finding.position.file, finding.position.line) == ("p.yaml", 15)
    with_cluster = pb.LintPolicyRequest(policy=inline(p=good), snapshot=CLUSTER)
    rules = [finding.rule for finding in stub(server).LintPolicy(with_cluster, timeout=PATIENCE_S).findings]
    assert rules == ["selects-nothing", "unknown-value"]
    bad = stub(server).LintPolicy(pb.LintPolicyRequest(policy=inline(p=TIERS + pin)), timeout=PATIENCE_S)
    assert (bad.usable, bad.policy_digest) == (False, "")
    assert [finding.message for finding in bad.findings] == ["spec.hosts: hosts is missing"]


def test_tests_are_run_with_their_places(server: RunningServer) -> None:
    """Passed and failed, with field and message; a filter picks some."""
    request = pb.TestPolicyRequest(policy=inline(rules=TIERS, test=TEST))
    response = stub(server).TestPolicy(request, timeout=PATIENCE_S)
    assert (response.passed_count, response.failed_count) == (1, 1)
    (failure,) = response.results[1].failures
    assert (failure.field, failure.message, failure.position.line) == (
        "expect.evictable",
        "expected none; found a",
        8,
    )
    request.name_filter = "never"
    assert len(stub(server).TestPolicy(request, timeout=PATIENCE_S).results) == 1


def test_a_snapshot_file_does_not_travel(server: RunningServer) -> None:
    """INVALID_REQUEST with the place in the test."""
    test = b"apiVersion: trimtab/v1\nkind: PolicyTest\nmetadata: {name: t}\nspec:\n  snapshot: s.json\n"
    test += b"  cases: [{name: x, expect: {violations: []}}]\n"
    request = pb.TestPolicyRequest(policy=inline(rules=TIERS, test=test))
    code, info, _ = refused(lambda: stub(server).TestPolicy(request, timeout=PATIENCE_S))
    assert (code, info.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "INVALID_REQUEST")
    assert info.metadata["path"] == "test.yaml:5:13 spec.snapshot"


def test_policies_are_compared_on_a_cluster(server: RunningServer) -> None:
    """Documents, and the plans for a scenario."""
    request = pb.DiffPoliciesRequest(
        old_policy=inline(p=TIERS),
        new_policy=inline(p=TIERS.replace(b">= 1", b">= 2")),
        snapshot=CLUSTER,
        scenarios=[pb.PolicyScenario(name="h1 fails", fail=["host:h1"])],
    )
    response = stub(server).DiffPolicies(request, timeout=PATIENCE_S)
    (document,) = response.documents
    assert (document.name, document.fields[0].new_json) == ("bronze", '"event.hardware_failures >= 2"')
    (right,) = response.rights
    assert (right.right, right.tier, right.old_way, right.new_way) == (pb.RIGHT_EVICT, "bronze", "stop", "")
    assert (list(right.hardware_failures), list(right.vm_ids)) == ([1], ["b"])
    (plan,) = response.plans
    assert plan.old_side.is_proven
    assert plan.new_side.is_proven
    assert list(plan.down_vm_ids) == ["a"]
    assert list(plan.up_vm_ids) == ["b"]
    assert [(stop.name, stop.old_count, stop.new_count) for stop in plan.stops] == [("bronze", 1, 0)]
    assert {action.kind for action in plan.removed_actions} >= {plan_pb2.ACTION_KIND_STOP, plan_pb2.ACTION_KIND_START}


@pytest.mark.parametrize(
    ("request_", "path"),
    [
        (pb.DiffPoliciesRequest(scenarios=[pb.PolicyScenario(name="x")]), "snapshot"),
        (pb.DiffPoliciesRequest(snapshot=CLUSTER, scenarios=[pb.PolicyScenario()]), "scenarios[0].name"),
        (
            pb.DiffPoliciesRequest(snapshot=CLUSTER, scenarios=[pb.PolicyScenario(name="x", fail=["rack:x"])]),
            "scenarios[0].fail[0]",
        ),
        (
            pb.DiffPoliciesRequest(snapshot=CLUSTER, scenarios=[pb.PolicyScenario(name="x", hardware_failures=-1)]),
            "scenarios[0].hardware_failures",
        ),
    ],
)
def test_wrong_comparisons_are_refused(server: RunningServer, request_: pb.DiffPoliciesRequest, path: str) -> None:
    """With the field that is wrong; the server's own policy stands in for both."""
    _, info, _ = refused(lambda: stub(server).DiffPolicies(request_, timeout=PATIENCE_S))
    assert info.metadata["path"] == path


# --- the server's own policy ------------------------------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A policy folder of its own."""
    target = tmp_path / "policy"
    target.mkdir()
    (target / "tiers.yaml").write_bytes(TIERS)
    return target


@pytest.fixture
def own(folder: Path) -> Iterator[RunningServer]:
    """A server that follows the folder."""
    with running_server("--policy", str(folder), "--policy-interval-s", "0.05") as running:
        yield running


def served(server: RunningServer) -> pb.GetServedPolicyResponse:
    """What is in force."""
    return stub(server).GetServedPolicy(pb.GetServedPolicyRequest(), timeout=PATIENCE_S)


def planned_under(server: RunningServer) -> str:
    """The digest in the certificate of a plan whose request names no policy."""
    request = planning.CreatePlanRequest(snapshot=CLUSTER)
    return server.planning.CreatePlan(request, timeout=PATIENCE_S).answer.certificate.policy_digest


def test_a_changed_folder_comes_into_force_as_a_whole(own: RunningServer, folder: Path) -> None:
    """The digest in plans is that of the folder, before and after."""
    first = load_policy(folder).digest
    assert planned_under(own) == served(own).policy_digest == first
    tiers = folder / "tiers.yaml"
    tiers.write_text(tiers.read_text().replace("rank: 1,", "rank: 2,"))
    second = load_policy(folder).digest
    assert second != first
    eventually(lambda: served(own).policy_digest == second, "the change is in force")
    assert planned_under(own) == second
    assert served(own).load_count == 2
    assert own.logged("policy_loaded", policy_digest=second)["former_digest"] == first


def test_a_bad_change_is_refused_and_the_last_good_one_stays(own: RunningServer, folder: Path) -> None:
    """Refusals are counted, logged and told with their places; correcting the folder ends them."""
    first = load_policy(folder).digest
    tiers = folder / "tiers.yaml"
    good = tiers.read_text()
    tiers.write_text(good.replace("rank: 1,", "rnak: 1,"))
    eventually(lambda: served(own).refusal_count == 1, "the change is refused")
    now = served(own)
    assert (now.policy_digest, now.load_count) == (first, 1)
    assert [finding.position.file for finding in now.refusals] == ["tiers.yaml"] * len(now.refusals)
    assert now.refusals
    assert any('unknown field "rnak"' in fault for fault in own.logged("policy_refused")["faults"])
    assert planned_under(own) == first
    tiers.write_text(good)
    eventually(lambda: not served(own).refusals, "the folder is as it was")
    assert (served(own).policy_digest, served(own).load_count) == (first, 1)


def test_a_refused_change_is_metered_and_plans_go_on(folder: Path) -> None:
    """Over HTTP: the counter of refusals rises, the digest stays, and calls are counted by method, code and reason."""
    flags = ("--policy", str(folder), "--policy-interval-s", "0.05", "--metrics-listen", "127.0.0.1:0")
    with running_server(*flags) as own:
        port = own.logged("metrics_listening")["port"]
        digest = load_policy(folder).digest
        tiers = folder / "tiers.yaml"
        good = tiers.read_text()
        before = metered(port)
        assert before["trimtab_policy_reloads_total", "accepted"] == 1
        assert before["trimtab_policy_reloads_total", "refused"] == before["trimtab_policy_faults",] == 0
        assert before["trimtab_policy_info", digest] == 1
        tiers.write_text(good.replace("rank: 1,", "rnak: 1,"))
        eventually(lambda: metered(port)["trimtab_policy_reloads_total", "refused"] == 1, "the refusal is counted")
        assert planned_under(own) == digest
        unknown = planning.CreatePlanRequest(
            snapshot=CLUSTER, policy=inline(p=TIERS.replace(b"bronze", b"iron")), strict=True
        )
        code, info, _ = refused(lambda: own.planning.CreatePlan(unknown, timeout=PATIENCE_S))
        after = metered(port)
        assert after["trimtab_policy_faults",] > 0
        assert after["trimtab_policy_reloads_total", "accepted"] == after["trimtab_policy_info", digest] == 1
        assert after["trimtab_plans_total", "NO_ACTION_NEEDED"] == 1
        assert after["trimtab_calls_total", "OK", "CreatePlan", ""] == 1
        assert after["trimtab_calls_total", code.name, "CreatePlan", info.reason] == 1
        assert after["trimtab_call_duration_seconds_count", "CreatePlan"] == 2
        tiers.write_text(good)
        eventually(lambda: metered(port)["trimtab_policy_faults",] == 0, "the folder is as it was")


def metered(port: int) -> dict[tuple[str, ...], float]:
    """Every sample by its name and the values of its labels, in the order of their names."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=PATIENCE_S) as response:
        families = text_string_to_metric_families(response.read().decode())
        samples = (sample for family in families for sample in family.samples)
        return {
            (sample.name, *(value for _, value in sorted(sample.labels.items()))): sample.value for sample in samples
        }


def test_metrics_are_off_by_default(own: RunningServer) -> None:
    """Nothing else listens than what was asked for."""
    assert planned_under(own)
    assert not [entry for entry in own.log if entry.get("event") == "metrics_listening"]


def test_sighup_reads_the_folder_at_once(folder: Path) -> None:
    """Whatever the interval."""
    with running_server("--policy", str(folder), "--policy-interval-s", "3600") as own:
        (folder / "more.yaml").write_bytes(TIERS.replace(b"gold", b"platinum").replace(b"bronze", b"iron"))
        digest = load_policy(folder).digest
        own.process.send_signal(signal.SIGHUP)
        eventually(lambda: served(own).policy_digest == digest, "SIGHUP is heard")
        shutil.rmtree(folder)
        own.process.send_signal(signal.SIGHUP)
        eventually(lambda: served(own).refusal_count == 1, "a folder that is gone is refused")
        assert served(own).policy_digest == digest


def test_a_server_without_a_policy_says_so() -> None:
    """An empty digest; a request that names none is refused."""
    with running_server("--policy", "") as own:
        assert served(own).policy_digest == ""
        code, info, _ = refused(lambda: planned_under(own))
        assert (code, info.reason) == (grpc.StatusCode.FAILED_PRECONDITION, "NO_SERVER_POLICY")
