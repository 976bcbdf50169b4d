"""Logs never stop a call: whoever reads them may sleep, be full or be gone."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Callable

import pytest

from tests.integration import requests
from tests.siege.besieged import FULL, Besieged, besieged
from trimtab.v1 import policy_service_pb2

_CALLS = 2000 if FULL else 200
_LASTS_S = 60.0 if FULL else 0.0
_PIPE_BYTES = 4096


def _unread() -> tuple[int, Callable[[], None]]:
    reader, writer = os.pipe()
    fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)
    return writer, lambda: os.set_inheritable(reader, False)


def _full() -> tuple[int, Callable[[], None]]:
    return os.open("/dev/full", os.O_WRONLY), lambda: None


def _gone() -> tuple[int, Callable[[], None]]:
    reader, writer = os.pipe()
    return writer, lambda: os.close(reader)


def _serves_everything(server: Besieged) -> None:
    began = time.monotonic()
    calls = 0
    while calls < _CALLS or time.monotonic() - began < _LASTS_S:
        server.policy.GetServedPolicy(policy_service_pb2.GetServedPolicyRequest(), timeout=10)
        calls += 1
    for seed in range(3):
        answer = server.planning.CreatePlan(requests.small(seed=seed), timeout=30).answer
        assert answer.certificate.verified
    assert server.is_serving()


@pytest.mark.parametrize("sink", [_unread, _full, _gone])
def test_a_log_that_nobody_reads_costs_lines_only(sink: Callable[[], tuple[int, Callable[[], None]]]) -> None:
    """Every call is served and health answers while stderr is a full pipe, a full disk or closed; SIGTERM ends it."""
    stderr, besiege = sink()
    with besieged("--grace-s", "5", stderr=stderr) as server:
        os.close(stderr)
        besiege()
        _serves_everything(server)
        if sink is not _unread:
            # a pipe that is not read leaves lines waiting; those of the other two are lost for certain
            assert server.metric("trimtab_log_lines_dropped_total") >= _CALLS
        assert server.stop() < 5 + 5
        assert server.process.returncode == 0
