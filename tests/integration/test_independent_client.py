"""A client that shares nothing with trimtab: grpcurl knows the service by reflection alone."""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.integration.planted import POLICY, good
from tests.integration.running import PATIENCE_S, ROOT, RunningServer
from trimtab_server.convert.snapshot import snapshot_from_proto
from trimtab_server.files import write_snapshot

_SERVICE = "trimtab.v1.PlanningService"


@pytest.fixture(scope="module")
def grpcurl() -> str:
    """The program: named by TRIMTAB_GRPCURL, or in .ci/bin, or on PATH."""
    beside = ROOT / ".ci" / "bin" / "grpcurl"
    found = os.environ.get("TRIMTAB_GRPCURL") or (str(beside) if beside.exists() else shutil.which("grpcurl"))
    if not found:
        pytest.skip("no grpcurl: set TRIMTAB_GRPCURL, or install github.com/fullstorydev/grpcurl into .ci/bin")
    return found


def _call(grpcurl: str, server: RunningServer, *arguments: str, data: str = "") -> subprocess.CompletedProcess[str]:
    """One run of grpcurl; `arguments` are the method or verb, `data` is the request as JSON."""
    given = ["-d", "@"] if data else []
    command = [grpcurl, "-plaintext", "-max-time", str(PATIENCE_S), *given, f"127.0.0.1:{server.port}", *arguments]
    return subprocess.run(command, input=data, capture_output=True, text=True, check=False)


def _answer(grpcurl: str, server: RunningServer, method: str, request: dict[str, Any]) -> dict[str, Any]:
    done = _call(grpcurl, server, method, data=json.dumps(request))
    assert done.returncode == 0, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def _from_file(folder: Path) -> dict[str, Any]:
    """The good snapshot, written to a file and read back as the JSON that it is."""
    file = folder / "snapshot.json"
    write_snapshot(file, snapshot_from_proto(good().snapshot))
    snapshot: dict[str, Any] = json.loads(file.read_text())
    return snapshot


def test_services_are_listed_and_described(grpcurl: str, server: RunningServer) -> None:
    """Reflection names the planning service, health, and every method with its messages."""
    listed = _call(grpcurl, server, "list").stdout.split()
    assert {_SERVICE, "grpc.health.v1.Health"} <= set(listed)
    methods = _call(grpcurl, server, "list", _SERVICE).stdout.split()
    assert methods == [f"{_SERVICE}.{method}" for method in ("CreatePlan", "ExplainGuest", "StreamPlan", "VerifyPlan")]
    described = _call(grpcurl, server, "describe", "trimtab.v1.CreatePlanRequest").stdout
    assert ".trimtab.v1.Snapshot snapshot = 1;" in described


@pytest.mark.parametrize("service", ["", _SERVICE])
def test_health_is_served(grpcurl: str, server: RunningServer, service: str) -> None:
    """The health service answers for the server and for the planning service."""
    assert _answer(grpcurl, server, "grpc.health.v1.Health/Check", {"service": service}) == {"status": "SERVING"}


def test_a_snapshot_file_is_planned_and_the_plan_verified(grpcurl: str, server: RunningServer, tmp_path: Path) -> None:
    """The JSON of a snapshot file is the JSON of the wire; the plan that comes back passes VerifyPlan as it is."""
    snapshot = _from_file(tmp_path)
    request = {"snapshot": snapshot, "policy": {"serverDefault": {}}, "timeBudget": "5s"}
    answer = _answer(grpcurl, server, f"{_SERVICE}/CreatePlan", request)["answer"]
    assert answer["outcome"] == "OUTCOME_OPTIMAL"
    assert answer["certificate"]["verified"] is True
    assert [action["kind"] for action in answer["plan"]["actions"]] == ["ACTION_KIND_FENCE_HOST", "ACTION_KIND_START"]
    again = {
        "snapshot": snapshot,
        "policy": {"serverDefault": {}},
        "plan": answer["plan"],
        "certificate": answer["certificate"],
    }
    verdict = _answer(grpcurl, server, f"{_SERVICE}/VerifyPlan", again)
    assert verdict["verified"] is True
    assert "violations" not in verdict


def test_errors_carry_details_that_a_stranger_can_read(grpcurl: str, server: RunningServer, tmp_path: Path) -> None:
    """A refusal shows its code, the reason and the field violation, by reflection alone."""
    snapshot = {**_from_file(tmp_path), "hosts": []}
    document = {"name": "p.yaml", "content": base64.b64encode(POLICY.encode()).decode()}
    request = {"snapshot": snapshot, "policy": {"inline": {"documents": [document]}}}
    done = _call(grpcurl, server, f"{_SERVICE}/CreatePlan", data=json.dumps(request))
    assert done.returncode != 0
    for words in ("InvalidArgument", "EMPTY_CLUSTER", "trimtab.v1", "snapshot.hosts"):
        assert words in done.stderr, done.stderr
