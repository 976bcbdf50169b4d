"""The what-if service over gRPC: verdicts are those of the library, whole, in time, and called off with the call."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import grpc
import pytest
from google.protobuf.duration_pb2 import Duration

from tests.integration.requests import long, small
from tests.integration.running import PATIENCE_S, POLICY, RunningServer, eventually, refused
from trimtab.v1 import plan_pb2, scenario_pb2, what_if_service_pb2_grpc
from trimtab.v1 import what_if_service_pb2 as pb
from trimtab_server.convert.scenario_verdict import scenario_verdict_to_proto
from trimtab_server.convert.snapshot import snapshot_from_proto, snapshot_to_proto
from trimtab_server.sampling.generator import generate
from trimtab_server.sampling.options import SampleOptions
from trimtab_solver.authoring.loader import load_policy
from trimtab_solver.digest import snapshot_digest
from trimtab_solver.scenarios.generation import losses
from trimtab_solver.scenarios.scenario import LaterStep, Scenario
from trimtab_solver.what_if.assessing import AssessmentOptions
from trimtab_solver.what_if.runners.here import Here
from trimtab_solver.what_if.runners.runner import Assignment

CLUSTER = replace(generate(SampleOptions(hosts=6, vms=30, load=0.9, seed=4)).snapshot, taken_at=1_700_000_000)
SNAPSHOT = snapshot_to_proto(CLUSTER)
OPTIONS = AssessmentOptions(budget_s=0.02, keep_plans=True)
WORK = Duration(nanos=20_000_000)
N_1 = pb.Losses(kinds=["host", "site"], number=1)


def endless() -> pb.RunScenariosRequest:
    """Scenarios that take hours."""
    work = Duration(seconds=3600)
    return pb.RunScenariosRequest(snapshot=long().snapshot, losses=[N_1], work_per_plan=work, full_plans=True)


def run(
    server: RunningServer, request: pb.RunScenariosRequest, timeout_s: float = PATIENCE_S
) -> Iterator[pb.RunScenariosResponse]:
    """The stream of a call."""
    stub = what_if_service_pb2_grpc.WhatIfServiceStub(server.channel)
    return stub.RunScenarios(request, timeout=timeout_s)


def test_the_stream_is_what_the_library_says(server: RunningServer) -> None:
    """N-1 over hosts and sites, and a scenario of steps: every verdict once, with plans, as `Here` comes to it."""
    snapshot = snapshot_from_proto(SNAPSHOT)
    policy = load_policy(POLICY)
    steps = (LaterStep(fail=("host:h0001",)), LaterStep(after="2h", recover=("host:h0001",), fail=("host:h0002",)))
    scenarios = (Scenario(name="one after the other", steps=steps), *losses(snapshot, ("host", "site"), 1))
    expected = dict(Here().run(Assignment(snapshot, policy, OPTIONS), scenarios))
    told = scenario_pb2.Scenario(
        name="one after the other",
        steps=[
            scenario_pb2.ScenarioStep(fail=["host:h0001"]),
            scenario_pb2.ScenarioStep(after_s=7200, recover=["host:h0001"], fail=["host:h0002"]),
        ],
    )
    request = pb.RunScenariosRequest(
        snapshot=SNAPSHOT, scenarios=[told], losses=[N_1], work_per_plan=WORK, with_plans=True, worst_first=True
    )
    first, *assessed, last = run(server, request)
    assert first.accepted.scenario_count == len(scenarios)
    assert first.accepted.snapshot_digest == snapshot_digest(snapshot)
    assert first.accepted.policy_digest == policy.digest
    found = {one.assessed.number: one.assessed.verdict for one in assessed}
    assert len(assessed) == len(found)
    assert found == {number: scenario_verdict_to_proto(verdict) for number, verdict in expected.items()}
    assert [one.assessed.assessed_count for one in assessed] == list(range(1, len(scenarios) + 1))
    assert (last.finished.assessed_count, last.finished.complete) == (len(scenarios), True)
    assert {step.outcome for verdict in found.values() for step in verdict.steps} >= {plan_pb2.OUTCOME_FEASIBLE}


def test_the_deadline_ends_it_with_what_is_assessed(server: RunningServer) -> None:
    """The stream ends with OK before the deadline, and says that scenarios are missing."""
    first, *assessed, last = run(server, endless(), 5.0)
    assert first.accepted.scenario_count > len(assessed)
    assert last.finished.assessed_count == len(assessed)
    assert not last.finished.complete


def test_a_client_that_leaves_ends_the_work(server: RunningServer) -> None:
    """The solver process is gone."""
    call = run(server, endless())
    assert next(call).HasField("accepted")
    pid = server.one_solver()
    call.cancel()  # type: ignore[attr-defined]  # a call, which the stub's types do not say
    eventually(lambda: pid not in server.solver_pids(), "its process has ended")


def test_a_plan_does_not_wait_for_scenarios(server: RunningServer) -> None:
    """With as many batches under way as there are solver processes for plans."""
    calls = [run(server, endless()) for _ in range(2)]
    for call in calls:
        assert next(call).HasField("accepted")
    assert server.planning.CreatePlan(small(), timeout=PATIENCE_S).answer.certificate.verified
    for call in calls:
        call.cancel()  # type: ignore[attr-defined]  # as above
    eventually(lambda: not server.solver_pids(), "the batches have ended")


def test_what_a_step_names_wrongly_is_an_answer(server: RunningServer) -> None:
    """The scenario is refused with its place, and the others are assessed."""
    wrong = scenario_pb2.Scenario(name="wrong", steps=[scenario_pb2.ScenarioStep(fail=["rack:x"])])
    request = pb.RunScenariosRequest(snapshot=SNAPSHOT, scenarios=[wrong, scenario_pb2.Scenario(name="as it is")])
    _, refusal, fine, _ = run(server, request)
    (step,) = refusal.assessed.verdict.steps
    assert (step.outcome, step.basis) == (plan_pb2.OUTCOME_REFUSED, pb.VERDICT_BASIS_NONE)
    assert [fault.path for fault in step.refusals] == ["scenarios[0].steps[0].fail[0]"]
    assert fine.assessed.verdict.steps[0].basis == pb.VERDICT_BASIS_BOUND


@pytest.mark.parametrize(
    ("request_", "path", "reason"),
    [
        (pb.RunScenariosRequest(losses=[N_1]), "snapshot", "INVALID_REQUEST"),
        (pb.RunScenariosRequest(snapshot=SNAPSHOT), "scenarios", "INVALID_REQUEST"),
        (pb.RunScenariosRequest(snapshot=SNAPSHOT, losses=[N_1], seed=-1), "seed", "OUT_OF_RANGE"),
        (
            pb.RunScenariosRequest(snapshot=SNAPSHOT, losses=[pb.Losses(kinds=["host"], number=4)]),
            "losses[0].number",
            "OUT_OF_RANGE",
        ),
    ],
)
def test_wrong_batches_are_refused(
    server: RunningServer, request_: pb.RunScenariosRequest, path: str, reason: str
) -> None:
    """With the field that is wrong."""
    code, info, _ = refused(lambda: list(run(server, request_)))
    assert (code, info.reason, info.metadata["path"]) == (grpc.StatusCode.INVALID_ARGUMENT, reason, path)
