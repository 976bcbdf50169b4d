"""Work that cannot be done in time, or whose answer cannot be sent, is refused early, and log and metrics know it."""

from __future__ import annotations

import contextlib
import os
import random
import threading
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any, Never, cast

import grpc
import pytest
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message

from benchmarks.growth.shapes import SHAPES, files_of
from tests.integration import requests
from tests.integration.running import POLICY, eventually, refused
from tests.siege.besieged import FULL, Besieged, besieged
from trimtab.v1 import policy_service_pb2 as pb
from trimtab_server.convert.request import policy_to_proto

_RULES = 1000
_RULE = """\
---
apiVersion: trimtab/v1
kind: Pin
metadata: {{name: p{n}}}
spec: {{select: {{cel: '{cel}'}}, hosts: {{cel: 'true'}}}}
"""
_TIER = """\
---
apiVersion: trimtab/v1
kind: Tier
metadata: {name: gold}
spec: {rank: 100}
"""


def _many_scenarios(number: int) -> pb.DiffPoliciesRequest:
    """Plans of two policies, so many times over."""
    scenarios = [pb.PolicyScenario(name=f"s{i}", fail=["host:h0002"]) for i in range(number)]
    files = {path.name: path.read_bytes() for path in POLICY.glob("*.yaml")}
    other = {name: content.replace(b"50%", b"60%") for name, content in files.items()}
    return pb.DiffPoliciesRequest(
        old_policy=policy_to_proto(files),
        new_policy=policy_to_proto(other),
        snapshot=requests.small_snapshot(),
        scenarios=scenarios,
    )


def _large_answer() -> pb.DiffPoliciesRequest:
    """Few bytes that select all guests many times over in one policy, and none in the other."""
    texts = ("".join(_RULE.format(n=n, cel=cel) for n in range(_RULES)) for cel in ("true", "false"))
    old, new = (requests.inline_policy(text + _TIER) for text in texts)
    snapshot = requests.small_snapshot()
    for vm in snapshot.vms:
        vm.id = vm.id + "x" * 200
    return pb.DiffPoliciesRequest(
        old_policy=old, new_policy=new, snapshot=snapshot, scenarios=_many_scenarios(100).scenarios
    )


def _plans_are_made(server: Besieged) -> None:
    assert server.planning.CreatePlan(requests.small(), timeout=60).answer.certificate.verified


def test_work_ends_before_its_deadline_with_a_reason() -> None:
    """Plans for a thousand scenarios in six seconds: the caller hears why, the process is ended, others go on."""
    with besieged("--workers", "1") as server:
        began = time.monotonic()
        code, info, _ = refused(partial(server.policy.DiffPolicies, _many_scenarios(1000), timeout=6))
        assert (code, info.reason) == (grpc.StatusCode.DEADLINE_EXCEEDED, "WORK_NOT_DONE")
        assert float(info.metadata["worked_s"]) < 6
        print(f"\nrefused {6 - time.monotonic() + began:.2f} s before the deadline")
        eventually(lambda: server.metric("trimtab_busy_workers") == 0, "the process is ended")
        assert server.metric("trimtab_calls_total", code="DEADLINE_EXCEEDED", reason="WORK_NOT_DONE") == 1
        code, info, request = refused(partial(server.policy.DiffPolicies, _many_scenarios(1001)))
        assert (code, info.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "OUT_OF_RANGE")
        assert [violation.field for violation in request.field_violations] == ["scenarios"]
        _plans_are_made(server)


def test_an_answer_that_cannot_be_sent_is_refused_before_plans_are_made() -> None:
    """A thousand rules that select everybody: the size is known before the first of a hundred scenarios is planned."""
    with besieged("--workers", "1", "--message-mib", "1") as server:
        began = time.monotonic()
        code, info, _ = refused(partial(server.policy.DiffPolicies, _large_answer()))
        print(f"\nrefused after {time.monotonic() - began:.1f} s: {info.metadata['answer_bytes']} bytes")
        assert (code, info.reason) == (grpc.StatusCode.RESOURCE_EXHAUSTED, "ANSWER_TOO_LARGE")
        assert int(info.metadata["answer_bytes"]) > 1 << 20
        assert server.metric("trimtab_calls_total", code="OK", method="DiffPolicies") == 0
        assert server.metric("trimtab_calls_total", reason="ANSWER_TOO_LARGE") == 1


def test_the_server_counts_the_codes_that_callers_hear() -> None:
    """Right, wrong, late and cancelled calls: as many of each code in the metrics as at the client."""
    wrong = requests.small(seed=-1)
    short = requests.small(time_budget=Duration(seconds=60))
    heard: dict[str, int] = {}

    with besieged("--workers", "1") as server:
        calls: list[tuple[Any, Message, float]] = [
            *((server.planning.CreatePlan, requests.small(seed=seed), 60.0) for seed in range(3)),
            *((server.planning.CreatePlan, wrong, 60.0) for _ in range(3)),
            (server.planning.CreatePlan, short, 0.3),
            (server.policy.DiffPolicies, _many_scenarios(1000), 0.4),
            (server.policy.TestPolicy, pb.TestPolicyRequest(policy=requests.inline_policy("a: [")), 60.0),
        ]
        for call, request, timeout in calls:
            code = "OK"
            try:
                call(request, timeout=timeout)
            except grpc.RpcError as error:
                code = error.code().name
            heard[code] = heard.get(code, 0) + 1
        cancelled = server.planning.CreatePlan.future(requests.long(), timeout=300)
        eventually(lambda: server.metric("trimtab_busy_workers") == 1, "it works")
        cancelled.cancel()
        heard["CANCELLED"] = 1
        counted = {code: server.metric("trimtab_calls_total", code=code) for code in heard}
        eventually(lambda: server.metric("trimtab_calls_total") == len(calls) + 1, "all are counted")
        counted = {code: server.metric("trimtab_calls_total", code=code) for code in heard}
    print(f"\n{heard}")
    assert counted == heard


def _nothing_before(gate: threading.Event | None) -> Iterator[Never]:
    """No message, and the end of them when the gate is open."""
    if gate is not None:
        gate.wait()
    yield from ()


def test_a_request_above_the_limit_is_counted_as_what_its_caller_hears() -> None:
    """Calls and streams, plain and compressed: RESOURCE_EXHAUSTED; leaving and sending nothing are other things."""
    large = requests.small(request_id="x" * (2 << 20))
    with besieged("--workers", "1", "--message-mib", "1") as server:
        for compression in (grpc.Compression.NoCompression, grpc.Compression.Gzip):
            with pytest.raises(grpc.RpcError) as heard:
                server.planning.CreatePlan(large, compression=compression, timeout=60)
            assert cast(grpc.Call, heard.value).code() is grpc.StatusCode.RESOURCE_EXHAUSTED
            with pytest.raises(grpc.RpcError) as heard:
                list(server.planning.StreamPlan(requests.as_stream(large), compression=compression, timeout=60))
            assert cast(grpc.Call, heard.value).code() is grpc.StatusCode.RESOURCE_EXHAUSTED
        counted = partial(server.metric, "trimtab_calls_total")
        eventually(lambda: counted() == 4, "all are counted")
        assert counted(code="RESOURCE_EXHAUSTED", reason="REQUEST_TOO_LARGE") == 4
        path = "/trimtab.v1.PlanningService/CreatePlan"
        with pytest.raises(grpc.RpcError) as heard:
            server.channel.stream_unary(path)(_nothing_before(None), timeout=60)
        assert cast(grpc.Call, heard.value).code() is grpc.StatusCode.UNAVAILABLE
        gate = threading.Event()
        silent: Any = server.channel.stream_unary(path).future(_nothing_before(gate), timeout=60)
        time.sleep(1.0)
        silent.cancel()
        gate.set()
        eventually(lambda: counted() == 6, "all are counted")
        assert (counted(code="UNAVAILABLE"), counted(code="CANCELLED")) == (1, 1)
        _plans_are_made(server)


@pytest.mark.parametrize("shape", SHAPES if FULL else ["rules of one condition each", "rules for all but one guest"])
def test_lint_of_a_thousand_rules_is_answered(shape: str) -> None:
    """Every shape that is hard for some check, in half a minute on a busy machine."""
    with besieged("--workers", "1") as server:
        request = pb.LintPolicyRequest(policy=policy_to_proto(files_of(SHAPES[shape], _RULES)))
        began = time.monotonic()
        answer = server.policy.LintPolicy(request, timeout=30)
        print(f"\nlint of {shape}: {time.monotonic() - began:.1f} s, {len(answer.findings)} findings")
        assert all(finding.message for finding in answer.findings)


def _add_something(draw: random.Random, folder: Path) -> Path:
    """A file, link, folder or pipe of any name."""
    name = bytes(draw.choice(b"a.\xff\xc3\xa9\n\x1b \\-\xe2\x80\xae") for _ in range(draw.randint(1, 8))) + b".yaml"
    path = Path(os.fsdecode(os.fsencode(folder) + b"/" + name))
    with contextlib.suppress(FileExistsError):
        match draw.randrange(4):
            case 0:
                path.symlink_to(draw.choice(("../secret.yaml", "/etc/passwd", "nowhere", ".", "/proc/self/environ")))
            case 1:
                os.mkfifo(path)
            case 2:
                path.mkdir()
            case _:
                path.write_bytes(draw.choice((b"\xff\xfe", b"x: [", b"kind: Tier\n")))
    return path


def _has_refused_more(server: Besieged, number: int) -> bool:
    served = server.policy.GetServedPolicy(pb.GetServedPolicyRequest(), timeout=10)
    return bool(served.refusal_count > number)


def test_a_served_folder_may_hold_anything(tmp_path: Path) -> None:
    """Names that are no text, links out of it, pipes: what is wrong is told, nothing from outside, and plans go on."""
    (tmp_path / "secret.yaml").write_text("password: hidden-words\n")
    folder = tmp_path / "policy"
    folder.mkdir()
    for path in POLICY.glob("*.yaml"):
        (folder / path.name).write_bytes(path.read_bytes())
    read = pb.GetServedPolicyRequest()

    with besieged("--workers", "1", "--policy", str(folder), "--policy-interval-s", "0.05") as server:
        digest = server.policy.GetServedPolicy(read, timeout=10).policy_digest
        for seed in range(60 if FULL else 12):
            before = server.policy.GetServedPolicy(read, timeout=10).refusal_count
            path = _add_something(random.Random(seed), folder)
            is_fault = not path.is_dir() and not path.name.startswith(".")
            if is_fault:
                eventually(partial(_has_refused_more, server, before), "it is refused")
            answer = server.policy.GetServedPolicy(read, timeout=10)
            assert answer.policy_digest == digest
            assert "hidden-words" not in str(answer)
            assert "root:" not in str(answer)
            path.rmdir() if path.is_dir() and not path.is_symlink() else path.unlink()
            eventually(lambda: not server.policy.GetServedPolicy(read, timeout=10).refusals, "it is used again")
        _plans_are_made(server)
