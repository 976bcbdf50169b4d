"""Planning and verifying through the service."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.integration import requests
from tests.integration.running import PATIENCE_S, POLICY, RunningServer
from tests.support.case_files import run
from trimtab.v1 import plan_pb2
from trimtab.v1 import planning_service_pb2 as pb
from trimtab_server.convert.answer import answer_from_proto
from trimtab_server.convert.explanation import explanation_from_proto
from trimtab_server.convert.request import policy_to_proto
from trimtab_server.convert.snapshot import snapshot_from_proto
from trimtab_server.files import write_snapshot
from trimtab_solver.actions import ActionKind
from trimtab_solver.authoring.loader import load_policy
from trimtab_solver.digest import snapshot_digest
from trimtab_solver.explain.admission import explain_guest


@pytest.fixture(scope="module")
def answer(server: RunningServer) -> plan_pb2.Answer:
    """The answer to the small request."""
    return server.planning.CreatePlan(requests.small(), timeout=PATIENCE_S).answer


def _verify(server: RunningServer, answer: plan_pb2.Answer, **fields: object) -> pb.VerifyPlanResponse:
    request = pb.VerifyPlanRequest(
        snapshot=requests.small_snapshot(),
        policy=requests.SERVER_POLICY,
        plan=answer.plan,
        certificate=answer.certificate,
    )
    request.MergeFrom(pb.VerifyPlanRequest(**fields))  # type: ignore[arg-type]  # any field
    return server.planning.VerifyPlan(request, timeout=PATIENCE_S)


def test_plan_restores_what_a_failed_host_ran(answer: plan_pb2.Answer) -> None:
    """The plan fences the failed host and starts its guests; the certificate names what it rests on."""
    domain = answer_from_proto(answer)
    snapshot = snapshot_from_proto(requests.small_snapshot())
    kinds = {action.kind for action in domain.plan.actions}
    assert {ActionKind.FENCE_HOST, ActionKind.START} <= kinds
    assert domain.hardware_failures == 1
    assert not domain.stays_down
    assert domain.certificate.verified
    assert domain.certificate.snapshot_digest == snapshot_digest(snapshot)
    assert domain.certificate.policy_digest == load_policy(POLICY).digest


def test_the_answer_counts_what_becomes_of_each_tier(answer: plan_pb2.Answer) -> None:
    """Highest rank first; whoever is displaced and does not stay down is restarted."""
    assert answer.tiers
    assert sum(count.displaced for count in answer.tiers) == sum(count.restarted for count in answer.tiers) > 0
    assert sum(count.wanted for count in answer.tiers) == len(requests.small_snapshot().vms)


def test_a_guest_is_explained_as_in_process(server: RunningServer) -> None:
    """About all hosts and about one: what the library says, over the wire."""
    message, policy = requests.small_snapshot(), load_policy(POLICY)
    snapshot, vm_id = snapshot_from_proto(message), message.vms[0].id
    for host_id in ("", message.hosts[0].id):
        request = pb.ExplainGuestRequest(snapshot=message, policy=requests.SERVER_POLICY, vm_id=vm_id, host_id=host_id)
        response = server.planning.ExplainGuest(request, timeout=PATIENCE_S)
        assert explanation_from_proto(response) == explain_guest(snapshot, policy, vm_id, host_id or None)
        assert len(response.hosts) == (1 if host_id else len(message.hosts))


def test_policy_may_travel_with_the_request(server: RunningServer, answer: plan_pb2.Answer) -> None:
    """The same policy inline gives the same policy digest as the server's own."""
    files = {path.name: path.read_bytes() for path in POLICY.glob("*.yaml")}
    request = requests.small(policy=policy_to_proto(files))
    response = server.planning.CreatePlan(request, timeout=PATIENCE_S)
    assert response.answer.certificate.policy_digest == answer.certificate.policy_digest


def test_stream_accepts_reports_and_answers(server: RunningServer) -> None:
    """A stream is `accepted`, at least one `progress`, and one `answer`, in this order."""
    stream = server.planning.StreamPlan(requests.as_stream(requests.long(2)), timeout=PATIENCE_S)
    reports = list(stream)
    events = [report.WhichOneof("event") for report in reports]
    assert events[0] == "accepted"
    assert events[-1] == "answer"
    assert set(events[1:-1]) == {"progress"}
    assert reports[0].accepted.time_budget.seconds == 2
    first = reports[1].progress
    assert first.engine
    assert first.elapsed.ToMilliseconds() >= 0
    assert [level.name for level in first.levels] == [level.name for level in reports[-1].answer.levels]
    assert reports[-1].answer.certificate.verified


def test_stream_and_unary_agree(server: RunningServer, answer: plan_pb2.Answer) -> None:
    """Both calls give the same objective for a request that is solved to the end."""
    *_, last = server.planning.StreamPlan(requests.as_stream(requests.small()), timeout=PATIENCE_S)
    assert last.answer.outcome == answer.outcome == plan_pb2.OUTCOME_OPTIMAL
    assert list(last.answer.levels) == list(answer.levels)


def test_reproducible_requests_give_equal_answers(server: RunningServer) -> None:
    """The same request, seed included, gives the same bytes although the deadlines differ."""
    request = requests.small(seed=7, reproducible=True)
    one, other = (server.planning.CreatePlan(request, timeout=timeout) for timeout in (PATIENCE_S, 2 * PATIENCE_S))
    assert one == other
    assert one.answer.certificate.seed == 7
    assert one.answer.certificate.reproducible


def test_validate_only_checks_without_planning(server: RunningServer) -> None:
    """A valid request gets digests and no plan, at once, however hard it is to solve."""
    response = server.planning.CreatePlan(requests.long(validate_only=True), timeout=PATIENCE_S)
    assert not response.answer.HasField("plan")
    assert response.answer.outcome == plan_pb2.OUTCOME_UNSPECIFIED
    assert not response.answer.levels
    assert response.answer.hardware_failures == 2
    assert response.answer.certificate.snapshot_digest
    assert not response.answer.certificate.verified


def test_verifier_accepts_the_plan(server: RunningServer, answer: plan_pb2.Answer) -> None:
    """A plan is verified on the input it was made for, and reaches the levels it promises."""
    response = _verify(server, answer)
    assert response.verified
    assert response.outcome == plan_pb2.OUTCOME_UNSPECIFIED
    assert not response.stale_inputs
    reached, promised = ([(level.name, level.value) for level in one.levels] for one in (response, answer))
    assert reached == promised


def test_verifier_refuses_a_tampered_plan(server: RunningServer, answer: plan_pb2.Answer) -> None:
    """Without the fencing, starting displaced guests is a violation of its own kind at the right step."""
    tampered = plan_pb2.Answer()
    tampered.CopyFrom(answer)
    kept = [action for action in answer.plan.actions if action.kind != plan_pb2.ACTION_KIND_FENCE_HOST]
    del tampered.plan.actions[:]
    tampered.plan.actions.extend(kept)
    response = _verify(server, tampered)
    assert not response.verified
    assert plan_pb2.VIOLATION_CODE_FENCING in {violation.code for violation in response.violations}
    assert all(violation.message for violation in response.violations)


def test_verifier_says_when_a_plan_is_stale(server: RunningServer, answer: plan_pb2.Answer) -> None:
    """A plan made for another snapshot is reported as stale, by both digests, and never as verified."""
    snapshot = requests.small_snapshot()
    snapshot.taken_at.FromSeconds(1_700_000_000)
    response = _verify(server, answer, snapshot={"taken_at": snapshot.taken_at})
    assert not response.verified
    assert response.outcome == plan_pb2.OUTCOME_STALE
    (stale,) = response.stale_inputs
    assert stale.input == "snapshot"
    assert stale.certified_digest == answer.certificate.snapshot_digest
    assert stale.actual_digest == snapshot_digest(snapshot_from_proto(snapshot))
    assert not response.violations


def test_decisions_are_logged(server: RunningServer) -> None:
    """Each plan leaves one entry that says what was asked, decided and spent."""
    server.planning.CreatePlan(requests.small(request_id="logged-once"), timeout=PATIENCE_S)
    entry = server.logged("request_decided", request_id="logged-once")
    assert entry["status"] == "OK"
    assert entry["outcome"] == "OPTIMAL"
    expected = {
        "request_sha256",
        "snapshot_digest",
        "policy_digest",
        "levels",
        "duration_s",
        "plan_s",
        "engine",
        "seed",
    }
    assert expected <= entry.keys()
    stages = "parse convert policy check compile search order build verify explain digest encode first_plan"
    assert entry["stages_s"].keys() == set(stages.split())
    assert all(seconds >= 0 for seconds in entry["stages_s"].values())


def test_an_earlier_plan_is_where_the_next_one_begins(server: RunningServer, answer: plan_pb2.Answer) -> None:
    """Planned again from its own end, the same values are reached; what the snapshot does not know is noted."""
    warm = pb.WarmStart(plan=answer.plan, places={"gone": "h0002", "shop-a1": "nowhere"})
    request = requests.small(warm_start=warm)
    responses = list(server.planning.StreamPlan(requests.as_stream(request), timeout=PATIENCE_S))
    for again in (server.planning.CreatePlan(request, timeout=PATIENCE_S).answer, responses[-1].answer):
        assert [level.value for level in again.levels] == [level.value for level in answer.levels]
        notes = [note for note in again.notes if note.startswith("warm start: ")]
        assert [note.split()[4] for note in notes] == ["gone:", "shop-a1:"]
        assert _verify(server, again).verified


def test_the_command_line_asks_a_server_as_it_asks_itself(server: RunningServer, tmp_path: Path) -> None:
    """`trimtab explain --host` prints the same with --server, under the server's own policy and under a local one."""
    snapshot = snapshot_from_proto(requests.small_snapshot())
    write_snapshot(tmp_path / "s.json", snapshot)
    asked: list[str | Path] = ["explain", tmp_path / "s.json", snapshot.vms[0].id, "--host", snapshot.hosts[-1].id]
    remote = ["--server", f"127.0.0.1:{server.port}"]
    here = run(*asked, "--policy", POLICY)
    assert snapshot.hosts[-1].id in here.out
    assert run(*asked, *remote) == here
    assert run(*asked, *remote, "--policy", POLICY) == here
    unknown = run("explain", tmp_path / "s.json", "nobody", "--host", snapshot.hosts[-1].id, *remote)
    assert unknown.code == 2
    assert "vm_id: the snapshot holds no guest 'nobody'" in unknown.err
