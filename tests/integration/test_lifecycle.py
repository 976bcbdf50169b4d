"""Starting, health, reflection, shutting down."""

from __future__ import annotations

import signal
import subprocess
from pathlib import Path

import grpc
import pytest
from grpc_health.v1 import health_pb2
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

from tests.integration import requests
from tests.integration.running import PATIENCE_S, RunningServer, code_of, command, eventually, refused, running_server

SERVICE = "trimtab.v1.PlanningService"


def _fails_to_start(*flags: str) -> tuple[int, str]:
    done = subprocess.run(command(*flags), capture_output=True, text=True, timeout=PATIENCE_S, check=False)
    return done.returncode, done.stderr


def test_health_is_given_overall_and_by_service(server: RunningServer) -> None:
    """Both names are SERVING; another name is unknown."""
    assert server.health() == health_pb2.HealthCheckResponse.SERVING
    assert server.health(SERVICE) == health_pb2.HealthCheckResponse.SERVING
    assert code_of(lambda: server.health("trimtab.v1.Nothing")) is grpc.StatusCode.NOT_FOUND


def test_reflection_lists_the_services(server: RunningServer) -> None:
    """With the flag, tools find the services and their descriptors without proto files."""
    stub = reflection_pb2_grpc.ServerReflectionStub(server.channel)
    asked = [
        reflection_pb2.ServerReflectionRequest(list_services=""),
        reflection_pb2.ServerReflectionRequest(file_containing_symbol=SERVICE),
    ]
    listed, described = stub.ServerReflectionInfo(iter(asked), timeout=PATIENCE_S)
    names = {service.name for service in listed.list_services_response.service}
    others = {
        "trimtab.v1.PolicyService",
        "trimtab.v1.WhatIfService",
        "grpc.health.v1.Health",
        "grpc.reflection.v1alpha.ServerReflection",
    }
    assert names == {SERVICE, *others}
    assert b"CreatePlan" in described.file_descriptor_response.file_descriptor_proto[0]


def test_sigterm_finishes_what_runs_and_refuses_what_comes() -> None:
    """After SIGTERM health is NOT_SERVING, new calls get SHUTTING_DOWN, the one that runs is answered, exit code 0."""
    with running_server("--grace-s", "60") as server:
        stream = server.planning.StreamPlan(requests.as_stream(requests.long(4)), timeout=PATIENCE_S)
        assert next(stream).HasField("accepted")
        server.process.send_signal(signal.SIGTERM)
        server.logged("draining")
        eventually(lambda: server.health() == health_pb2.HealthCheckResponse.NOT_SERVING, "health is NOT_SERVING")
        code, info, _ = refused(lambda: server.planning.CreatePlan(requests.small(), timeout=PATIENCE_S))
        assert (code, info.reason) == (grpc.StatusCode.UNAVAILABLE, "SHUTTING_DOWN")
        *_, last = stream
        assert last.answer.certificate.verified
        assert server.process.wait(PATIENCE_S) == 0


def test_short_grace_gets_the_best_so_far() -> None:
    """A solver that would outlast the grace is asked for what it has, and that is returned as a verified plan."""
    with running_server("--grace-s", "8") as server:
        call = server.planning.CreatePlan.future(requests.long())
        server.one_solver()
        server.process.send_signal(signal.SIGTERM)
        assert call.result(PATIENCE_S).answer.certificate.verified
        assert server.process.wait(PATIENCE_S) == 0


def test_idle_server_stops_at_once() -> None:
    """With nothing to finish, SIGTERM ends the process with exit code 0, and its log is JSON throughout."""
    with running_server() as server:
        assert server.stop() == 0
        server.logged("stopped")
        assert not server.other_output


def test_wrong_policy_keeps_the_server_from_starting(tmp_path: Path) -> None:
    """The faults of the server's own policy are printed with file and line."""
    (tmp_path / "wrong.yaml").write_text("apiVersion: trimtab/v1\nkind: Tear\nmetadata: {name: a}\nspec: {}\n")
    code, text = _fails_to_start("--policy", str(tmp_path))
    assert code == 2
    assert "wrong.yaml:2" in text
    assert "Traceback" not in text


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (("--workers", "0"), "workers (--workers, TRIMTAB_WORKERS) is '0'"),
        (("--listen", "0.0.0.0:50051"), "can be reached from other machines"),
        (("--policy", "/does/not/exist"), "/does/not/exist does not exist"),
    ],
)
def test_wrong_settings_keep_the_server_from_starting(flags: tuple[str, str], message: str) -> None:
    """A wrong setting is named by flag and variable; exit code 2."""
    code, text = _fails_to_start(*flags)
    assert code == 2
    assert message in text
    assert "Traceback" not in text


def test_address_in_use_is_an_error(server: RunningServer) -> None:
    """Two servers never share a port by accident."""
    code, text = _fails_to_start("--listen", f"127.0.0.1:{server.port}")
    assert code == 5
    assert str(server.port) in text
    assert "Traceback" not in text
