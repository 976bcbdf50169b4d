"""What surrounds the server: folders and limits of the system."""

from __future__ import annotations

import contextlib
import os
import resource
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Final

import grpc
import pytest

from tests.integration import requests
from tests.integration.running import PATIENCE_S, code_of, eventually, refused, retry_delay_s
from tests.siege.besieged import besieged
from tests.siege.processes import descendants

_PIDS: Final = Path("/sys/fs/cgroup/pids")
_BACK_S: Final = 5.0


@contextlib.contextmanager
def _no_descriptors(pid: int) -> Iterator[None]:
    """No process below `pid` may open anything more: then none can be forked that could be watched."""
    limits: dict[int, tuple[int, int]] = {}
    for number in descendants(pid):
        # those that were forked ahead may have ended
        with contextlib.suppress(ProcessLookupError):
            limits[number] = resource.prlimit(number, resource.RLIMIT_NOFILE)
            resource.prlimit(number, resource.RLIMIT_NOFILE, (3, limits[number][1]))
    yield
    for number, limit in limits.items():
        with contextlib.suppress(ProcessLookupError):
            resource.prlimit(number, resource.RLIMIT_NOFILE, limit)


@contextlib.contextmanager
def _no_processes(pid: int) -> Iterator[None]:
    """The fork server and what is below it may have no more processes than they have (cgroups: pids.max)."""
    group = _PIDS / f"trimtab-siege-{os.getpid()}"
    group.mkdir()
    for number in descendants(pid):
        # those that were forked ahead may have ended
        with contextlib.suppress(ProcessLookupError):
            (group / "cgroup.procs").write_text(str(number))
    (group / "pids.max").write_text((group / "pids.current").read_text())
    try:
        yield
    finally:
        for line in (group / "cgroup.procs").read_text().split():
            with contextlib.suppress(ProcessLookupError):
                (_PIDS / "cgroup.procs").write_text(line)
        eventually(lambda: not (group / "cgroup.procs").read_text(), "the group is empty")
        group.rmdir()


def test_a_long_temporary_folder_works_and_stays_clean(tmp_path: Path) -> None:
    """Its path is longer than the name of a socket may be; a plan is made, and nothing is left behind."""
    folder = tmp_path / ("x" * 120)
    folder.mkdir()
    with besieged("--workers", "1", TMPDIR=str(folder)) as server:
        assert server.planning.CreatePlan(requests.small(), timeout=PATIENCE_S).answer.certificate.verified
        server.stop()
    assert not list(folder.iterdir())


@pytest.mark.parametrize(
    "shortage",
    [
        _no_descriptors,
        pytest.param(
            _no_processes,
            marks=pytest.mark.skipif(not os.access(_PIDS / "cgroup.procs", os.W_OK), reason="no cgroup can be made"),
        ),
    ],
)
def test_a_fork_that_fails_is_told_and_tried_again(shortage: Callable[[int], AbstractContextManager[None]]) -> None:
    """Callers hear that they may come back, and when; health goes on; plans are made within five seconds of relief."""
    with besieged("--workers", "1") as server:
        seeds = iter(range(1000))

        def is_planned() -> bool:
            request = requests.small(seed=next(seeds))
            return code_of(lambda: server.planning.CreatePlan(request, timeout=PATIENCE_S)) is grpc.StatusCode.OK

        assert is_planned()
        with shortage(server.process.pid):
            # one was forked ahead, and may have been used
            eventually(lambda: not is_planned(), "no process is left")
            request = requests.small(seed=next(seeds))
            code, info, _ = refused(lambda: server.planning.CreatePlan(request, timeout=PATIENCE_S))
            assert (code, info.reason) == (grpc.StatusCode.UNAVAILABLE, "SOLVER_NOT_STARTED")
            assert retry_delay_s(lambda: server.planning.CreatePlan(request, timeout=PATIENCE_S)) == 1
            assert server.is_serving()
        began = time.monotonic()
        eventually(is_planned, "plans are made again")
        print(f"\nafter {shortage.__name__.strip('_')}: back after {time.monotonic() - began:.2f} s")
        assert time.monotonic() - began < _BACK_S
