"""Real processes that load no solver."""

from __future__ import annotations

import asyncio
import dataclasses
import os
import signal
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from google.protobuf.empty_pb2 import Empty
from google.protobuf.wrappers_pb2 import BytesValue, StringValue

from tests.support import solving
from tests.support.solving import REVIEW, Fatal, job_of
from trimtab_server.dispatch.frames import Accepted, Failed, Frame, Response, WorkReport
from trimtab_server.dispatch.incoming import Incoming
from trimtab_server.dispatch.method import Method
from trimtab_server.dispatch.supervisor import Supervisor
from trimtab_server.served_policy import HeldPolicy
from trimtab_server.status import ServiceError, reason_of
from trimtab_solver.authoring.loader import parse_policy
from trimtab_solver.errors import PolicyRefusedError

_LIGHT = "tests.support.solving"


def _run(scenario: Callable[[Supervisor], Awaitable[None]], workers: int = 1, queue_size: int = 0) -> None:
    async def supervised() -> None:
        supervisor = Supervisor(workers, queue_size, _LIGHT)
        try:
            await supervisor.start(job_of(REVIEW))
            await scenario(supervisor)
        finally:
            await supervisor.close()

    asyncio.run(supervised())


def _method(work: str, response: type = Empty) -> Method:
    return dataclasses.replace(REVIEW, response=response, work=f"{solving.__name__}:{work}")


def _is_alive(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()


async def _until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not holds():
            await asyncio.sleep(0.01)


def test_a_request_is_worked_on_in_a_process_of_its_own() -> None:
    """It answers, and ends by itself."""

    async def scenario(supervisor: Supervisor) -> None:
        request = BytesValue(value=b"x" * 300_000).SerializeToString()
        async with supervisor.solver(job_of(REVIEW), Incoming(request)) as solver:
            frames = [frame async for frame in solver.frames()]
            pid = solver.pid
        assert isinstance(frames[0], WorkReport)
        assert frames[1:] == [Response(request)]
        await _until(lambda: not _is_alive(pid))

    _run(scenario)


def test_all_solvers_can_be_asked_for_their_best() -> None:
    """One that waits for that goes on."""

    async def scenario(supervisor: Supervisor) -> None:
        async with supervisor.solver(job_of(_method("process_id", StringValue)), Incoming(b"")) as solver:
            frames = []
            async for frame in solver.frames():
                frames.append(frame)
                if isinstance(frame, Accepted):
                    supervisor.ask_all_for_best()
            assert frames[-1] == Response(StringValue(value=str(solver.pid)).SerializeToString())

    _run(scenario)


def test_a_process_that_dies_ends_its_frames() -> None:
    """Its exit code says how."""

    async def scenario(supervisor: Supervisor) -> None:
        async with supervisor.solver(job_of(_method("die")), Incoming(b"")) as solver:
            assert [frame async for frame in solver.frames()] == []
            assert await solver.exit_code() == 7

    _run(scenario)


def test_leaving_ends_a_process_that_works() -> None:
    """Also when what is done with it fails; then the slot is free."""

    async def scenario(supervisor: Supervisor) -> None:
        pids = []

        async def give_up() -> None:
            async with supervisor.solver(job_of(_method("deaf")), Incoming(b"")) as solver:
                pids.append(solver.pid)
                async for frame in solver.frames():
                    assert frame == Accepted("", 1.0)
                    raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            await give_up()
        await _until(lambda: not any(map(_is_alive, pids)))
        async with supervisor.solver(job_of(REVIEW), Incoming(b"")) as other:
            assert [frame async for frame in other.frames()][-1] == Response(b"")

    _run(scenario)


def test_a_full_queue_refuses() -> None:
    """With one process and room for one to wait, the third request is refused; the second gets its turn."""

    async def scenario(supervisor: Supervisor) -> None:
        async def wait() -> Response | object:
            async with supervisor.solver(job_of(REVIEW), Incoming(b"")) as solver:
                return [frame async for frame in solver.frames()][-1]

        async with supervisor.solver(job_of(_method("deaf")), Incoming(b"")) as solver:
            waiting = asyncio.create_task(wait())
            await asyncio.sleep(0)
            with pytest.raises(ServiceError) as error:
                async with supervisor.solver(job_of(REVIEW), Incoming(b"")):
                    pass
            assert reason_of(error.value.status) == "BUSY"
            assert solver.pid
        assert await waiting == Response(b"")

    _run(scenario, queue_size=1)


def test_a_probe_that_fails_says_why() -> None:
    """The server does not start, and the reason is in the error."""

    async def scenario(supervisor: Supervisor) -> None:
        with pytest.raises(RuntimeError, match=r"do not start: [\s\S]*ZeroDivisionError: planted"):
            await supervisor.start(job_of(_method("defect")))

    _run(scenario)


def test_a_stopped_process_is_not_given_work() -> None:
    """One that waits for work and was stopped is replaced."""

    async def scenario(supervisor: Supervisor) -> None:
        await _until(lambda: bool(supervisor._idle))
        os.kill(supervisor._idle[0].pid, signal.SIGSTOP)
        await _until(lambda: not supervisor._idle[0].is_able)
        async with supervisor.solver(job_of(REVIEW), Incoming(b"")) as solver:
            assert [frame async for frame in solver.frames()][-1] == Response(b"")

    _run(scenario)


def test_a_process_that_hangs_at_work_is_ended() -> None:
    """It uses no processor time, is ended within seconds, and that is known."""

    async def scenario(supervisor: Supervisor) -> None:
        async with supervisor.solver(job_of(_method("deaf")), Incoming(b"")) as solver:
            assert [frame async for frame in solver.frames()] == [Accepted("", 1.0)]
            assert solver.is_hung
        assert supervisor.load().crashes == 1

    _run(scenario)


@pytest.mark.parametrize("number", [signal.SIGSTOP, signal.SIGKILL])
def test_a_fork_server_that_hangs_or_dies_is_replaced(number: signal.Signals) -> None:
    """Whoever asks learns that no process can be started, and then that it can; requests are worked on again."""

    async def scenario(supervisor: Supervisor) -> None:
        told: list[bool] = []

        async def tell(serves: bool) -> None:
            told.append(serves)

        following = asyncio.create_task(supervisor.follow(tell))
        assert supervisor._parents._root is not None
        os.kill(supervisor._parents._root.pid, number)
        await _until(lambda: told == [False, True])
        following.cancel()
        async with supervisor.solver(job_of(REVIEW), Incoming(b"")) as solver:
            assert [frame async for frame in solver.frames()][-1] == Response(b"")

    _run(scenario)


@pytest.mark.parametrize(("work", "is_late"), [("late", True), ("in_time", False)])
def test_work_that_lasts_too_long_ends_with_its_reason(work: str, is_late: bool) -> None:
    """Wherever it is at that moment; what ends in time is left alone."""

    async def scenario(supervisor: Supervisor) -> None:
        async with supervisor.solver(job_of(_method(work)), Incoming(b"")) as solver:
            *_, end = [frame async for frame in solver.frames()]
        assert isinstance(end, Failed if is_late else Response)

    _run(scenario)


_POLICY = b"""
apiVersion: trimtab/v1
kind: Tier
metadata: {name: any}
spec: {rank: 1, evict: {when: event.hardware_failures > 1}}
"""


async def _served_to(supervisor: Supervisor) -> Frame:
    async with supervisor.solver(job_of(_method("served_digest", StringValue)), Incoming(b"")) as solver:
        return [frame async for frame in solver.frames()][-1]


def _digest(value: str) -> Response:
    return Response(StringValue(value=value).SerializeToString())


def test_what_is_forked_has_the_policy_that_is_held() -> None:
    """None at first, then the newest that can be used; one that cannot is refused, and changes nothing."""

    async def scenario(supervisor: Supervisor) -> None:
        refusal = await _served_to(supervisor)
        assert isinstance(refusal, Failed)
        assert reason_of(refusal.status) == "NO_SERVER_POLICY"
        first = await supervisor.hold({"p.yaml": _POLICY})
        assert first == HeldPolicy(parse_policy({"p.yaml": _POLICY}).digest, 1)
        assert await _served_to(supervisor) == _digest(first.digest)
        with pytest.raises(PolicyRefusedError, match=r'p\.yaml:5:8 spec\.rnak: unknown field "rnak"'):
            await supervisor.hold({"p.yaml": _POLICY.replace(b"rank", b"rnak")})
        assert await _served_to(supervisor) == _digest(first.digest)
        second = await supervisor.hold({"p.yaml": _POLICY.replace(b"rank: 1", b"rank: 2")})
        assert await _served_to(supervisor) == _digest(second.digest) != _digest(first.digest)

    _run(scenario)


def test_a_policy_that_ends_its_reader_is_refused() -> None:
    """That costs nobody else anything."""

    async def scenario(supervisor: Supervisor) -> None:
        first = await supervisor.hold({"p.yaml": _POLICY})
        with pytest.raises(PolicyRefusedError, match="the process that read it was ended"):
            await supervisor.hold({"p.yaml": Fatal(_POLICY)})
        assert await _served_to(supervisor) == _digest(first.digest)

    _run(scenario)


@pytest.mark.parametrize("number", [signal.SIGSTOP, signal.SIGKILL])
def test_what_holds_the_policy_is_replaced_when_it_hangs_or_dies(number: signal.Signals) -> None:
    """By another one with the same policy."""

    async def scenario(supervisor: Supervisor) -> None:
        held = await supervisor.hold({"p.yaml": _POLICY})
        holder = supervisor._parents._holder
        assert holder is not None
        os.kill(holder.pid, number)
        await _until(lambda: supervisor.load().crashes == 1)
        assert await _served_to(supervisor) == _digest(held.digest)

    _run(scenario)


def test_memory_beyond_the_limit_is_refused() -> None:
    """The limit counts what the request takes, not what the process had before."""

    async def scenario(supervisor: Supervisor) -> None:
        job = job_of(_method("greedy"), memory_bytes=512 << 20)
        async with supervisor.solver(job, Incoming(b"")) as solver:
            *_, end = [frame async for frame in solver.frames()]
        assert isinstance(end, Failed)
        assert reason_of(end.status) == "SOLVER_OUT_OF_MEMORY"

    _run(scenario)
