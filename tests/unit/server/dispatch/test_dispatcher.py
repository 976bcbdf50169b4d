"""What becomes of a call, with solvers that follow a script."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

import pytest
from google.rpc.status_pb2 import Status
from structlog.testing import capture_logs

from tests.support.solving import PLAN, REVIEW, ScriptedSolvers, Step, dispatcher_of
from trimtab.v1 import planning_service_pb2 as pb
from trimtab_server.dispatch.dispatcher import Dispatcher
from trimtab_server.dispatch.frames import Accepted, Failed, ProgressMessage, Request, Response, WorkReport
from trimtab_server.dispatch.incoming import Incoming
from trimtab_server.dispatch.method import Method
from trimtab_server.status import ServiceError, reason_of


def _script(*steps: Step) -> Callable[[], Sequence[Step]]:
    return lambda: steps


async def _call(dispatcher: Dispatcher, request: bytes, method: Method = PLAN) -> bytes:
    flight = await dispatcher.flight(method, Incoming(request), None)
    with flight.joined():
        return await flight.response()


async def _refused(dispatcher: Dispatcher, request: bytes = b"") -> str:
    with pytest.raises(ServiceError) as error:
        await _call(dispatcher, request)
    return reason_of(error.value.status)


def test_a_repeated_call_gets_the_answer_that_is_remembered() -> None:
    """With a request id the same bytes are worked on once; without one every time, and reviews always."""

    async def scenario() -> None:
        solvers = ScriptedSolvers(_script(Accepted("id", 1.0), Response(b"answer")))
        dispatcher = dispatcher_of(solvers)
        assert [await _call(dispatcher, b"1") for _ in range(2)] == [b"answer"] * 2
        assert len(solvers.jobs) == 1
        solvers.script = _script(Response(b"answer"))
        assert [await _call(dispatcher, b"1", REVIEW) for _ in range(2)] == [b"answer"] * 2
        assert len(solvers.jobs) == 3
        solvers.script = _script(Accepted("", 1.0), Response(b"other"))
        assert [await _call(dispatcher, b"2") for _ in range(2)] == [b"other"] * 2
        assert len(solvers.jobs) == solvers.ended == 5

    with capture_logs() as log:
        asyncio.run(scenario())
    assert [entry["event"] for entry in log] == ["request_decided", "request_joined", *["request_decided"] * 4]


def test_equal_calls_share_one_solver() -> None:
    """A call with an id that comes while the first is worked on joins it; the first may leave."""

    async def scenario() -> None:
        gate = asyncio.Event()
        solvers = ScriptedSolvers(_script(Accepted("id", 1.0), gate, Response(b"answer")))
        dispatcher = dispatcher_of(solvers)
        request = pb.CreatePlanRequest(request_id="id").SerializeToString()
        calls = [asyncio.create_task(_call(dispatcher, request)) for _ in range(3)]
        while [entry["event"] for entry in log] != ["request_joined"] * 2:
            await asyncio.sleep(0)
        calls[0].cancel()
        gate.set()
        assert await asyncio.gather(*calls[1:]) == [b"answer"] * 2
        assert len(solvers.jobs) == 1

    with capture_logs() as log:
        asyncio.run(scenario())


def test_an_id_stands_for_one_request() -> None:
    """Other bytes under an id that runs or is remembered are refused, and the answer of the first stays."""

    async def scenario() -> None:
        gate = asyncio.Event()
        solvers = ScriptedSolvers(_script(Accepted("id", 1.0), gate, Response(b"answer")))
        dispatcher = dispatcher_of(solvers)
        first = asyncio.create_task(_call(dispatcher, b"1"))
        while not solvers.jobs:
            await asyncio.sleep(0)
        assert await _refused(dispatcher, b"2") == "REQUEST_ID_REUSED"
        gate.set()
        await first
        assert await _refused(dispatcher, b"2") == "REQUEST_ID_REUSED"
        assert await _call(dispatcher, b"1") == b"answer"
        assert len(solvers.jobs) == 3

    asyncio.run(scenario())


def test_a_failed_call_frees_its_id() -> None:
    """The status of the solver is the caller's; then the id may be used for a corrected request."""

    async def scenario() -> None:
        solvers = ScriptedSolvers(_script(Accepted("id", 1.0), Failed(Status(code=3, message="wrong"))))
        dispatcher = dispatcher_of(solvers)
        with pytest.raises(ServiceError, match="wrong"):
            await _call(dispatcher, b"1")
        solvers.script = _script(Accepted("id", 1.0), Response(b"answer"))
        assert await _call(dispatcher, b"2") == b"answer"

    asyncio.run(scenario())


def test_a_solver_that_dies_or_hangs_costs_its_own_call() -> None:
    """It is SOLVER_CRASHED with the exit code, or SOLVER_OVERRAN after its budget; what it leaves is ended."""

    async def scenario() -> None:
        solvers = ScriptedSolvers(_script(Accepted("id", 1.0)))
        dispatcher = dispatcher_of(solvers, overrun_s=0.01)
        assert await _refused(dispatcher) == "SOLVER_CRASHED"
        solvers.script = _script(Accepted("id", 0.0), asyncio.Event())
        assert await _refused(dispatcher) == "SOLVER_OVERRAN"
        # half a budget and a second, where the overrun is longer
        assert await _refused(dispatcher_of(solvers, overrun_s=3600)) == "SOLVER_OVERRAN"
        assert solvers.ended == 3

    with capture_logs() as log:
        asyncio.run(scenario())
    assert [entry["status"] for entry in log] == ["INTERNAL", "DEADLINE_EXCEEDED", "DEADLINE_EXCEEDED"]


def test_a_solver_that_speaks_out_of_turn_is_a_defect() -> None:
    """A frame that is meant for solvers is not taken for an end."""

    async def scenario() -> None:
        with pytest.raises(TypeError, match="sent a Request"):
            await _call(dispatcher_of(ScriptedSolvers(_script(Request(b"")))), b"")

    asyncio.run(scenario())


def test_a_call_that_is_left_ends_its_solver() -> None:
    """Nobody waits for the answer: the work is called off, and is logged as cancelled."""

    async def scenario() -> None:
        solvers = ScriptedSolvers(_script(Accepted("id", 60.0), asyncio.Event()))
        call = asyncio.create_task(_call(dispatcher_of(solvers), b"1"))
        while not solvers.jobs:
            await asyncio.sleep(0)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        while not solvers.ended:
            await asyncio.sleep(0)

    with capture_logs() as log:
        asyncio.run(scenario())
    assert [entry["status"] for entry in log] == ["CANCELLED"]


def test_progress_and_reports_go_where_they_belong() -> None:
    """Progress to every caller, facts to the log, outcomes, failed engines and broken records to the metrics."""

    async def scenario() -> list[float | None]:
        gate = asyncio.Event()
        report = WorkReport({"engine": "exact"}, "OPTIMAL", ("search", "exact", "search"), ("NO_TIER",))
        solvers = ScriptedSolvers(
            _script(Accepted("id", 60.0), ProgressMessage(b"1"), gate, report, Response(b"answer"))
        )
        dispatcher = dispatcher_of(solvers)
        flight = await dispatcher.flight(PLAN, Incoming(b""), None)
        with flight.joined() as updates:
            await updates.wait()
            assert updates.take() == b"1"
            gate.set()
            assert await flight.response() == b"answer"
        counted = dispatcher._metrics._registry.get_sample_value
        return [
            counted("trimtab_plans_total", {"outcome": "OPTIMAL"}),
            counted("trimtab_engine_faults_total", {"engine": "search"}),
            counted("trimtab_quarantined_records_total", {"reason": "NO_TIER"}),
        ]

    with capture_logs() as log:
        assert asyncio.run(scenario()) == [1, 2, 1]
    assert log[0]["engine"] == "exact"


@pytest.mark.parametrize("heeds", [True, False])
def test_draining_finishes_what_is_there(heeds: bool) -> None:
    """Nothing new is taken; a solver is asked for its best, and one that does not heed that is ended with an error."""

    async def scenario() -> None:
        solvers = ScriptedSolvers()
        gate = solvers.best if heeds else asyncio.Event()
        solvers.script = _script(Accepted("id", 60.0), gate, Response(b"best"))
        dispatcher = dispatcher_of(solvers)
        call = asyncio.create_task(_call(dispatcher, b"1"))
        while not solvers.jobs:
            await asyncio.sleep(0)
        await dispatcher.drain(0.02)
        assert solvers.best.is_set()
        if heeds:
            assert await call == b"best"
        else:
            with pytest.raises(ServiceError, match="shutting down"):
                await call
        assert await _refused(dispatcher) == "SHUTTING_DOWN"
        assert solvers.ended == 1

    asyncio.run(scenario())


def test_deadlines_shape_the_job() -> None:
    """One that leaves no time is refused before anything starts, for plans alone; others are told to the solver."""

    async def scenario() -> None:
        solvers = ScriptedSolvers()
        dispatcher = dispatcher_of(solvers)
        with pytest.raises(ServiceError, match="remain of the deadline"):
            await dispatcher.flight(PLAN, Incoming(b""), 0.3)
        for method, remaining_s in ((PLAN, 20.0), (REVIEW, 0.3), (PLAN, None)):
            flight = await dispatcher.flight(method, Incoming(b""), remaining_s)
            with flight.joined():
                await flight.response()
        assert [job.has_deadline for job in solvers.jobs] == [True, True, False]
        assert solvers.jobs[1].end_by < solvers.jobs[0].end_by < solvers.jobs[2].end_by

    asyncio.run(scenario())


def test_work_that_is_no_search_ends_before_the_deadline() -> None:
    """A call that checks or compares hears WORK_NOT_DONE while it still listens, and what works on it is ended."""

    async def scenario() -> None:
        solvers = ScriptedSolvers(_script(asyncio.Event()))
        dispatcher = dispatcher_of(solvers, overrun_s=3600)
        flight = await dispatcher.flight(REVIEW, Incoming(b"1"), 0.6)
        with flight.joined(), pytest.raises(ServiceError) as refusal:
            await flight.response()
        assert reason_of(refusal.value.status) == "WORK_NOT_DONE"
        assert solvers.ended == 1

    asyncio.run(scenario())
