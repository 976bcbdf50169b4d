"""A client of a running server: plans over gRPC, and says in words what goes wrong."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Final, Self, cast

import grpc
from google.rpc.error_details_pb2 import BadRequest
from grpc_status import rpc_status

from trimtab.v1 import planning_service_pb2 as pb
from trimtab.v1 import planning_service_pb2_grpc
from trimtab_solver.explain.explanation import GuestExplanation
from trimtab_solver.options import PlanOptions
from trimtab_solver.outcome import Answer, LevelValue
from trimtab_solver.policy.documents import Policy
from trimtab_solver.snapshot import Snapshot

from ..convert.answer import answer_from_proto, level_from_proto
from ..convert.explanation import explanation_from_proto
from ..convert.request import policy_to_proto, seconds_from_proto, seconds_to_proto
from ..convert.snapshot import snapshot_to_proto
from .exits import CommandError, ExitCode

_PATIENCE_S: Final = 30.0
"""Beyond the time to search: transport, checks, verification, other requests."""
_REFUSALS: Final = frozenset({grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.FAILED_PRECONDITION})

ShowProgress = Callable[[str, float, Sequence[LevelValue]], None]


def policy_files(policy: Policy, path: Path) -> dict[str, bytes]:
    """The files that a policy was loaded from, by the names that faults use."""
    names = {document.source.file for document in policy.documents}
    return {name: (path / name if path.is_dir() else path).read_bytes() for name in sorted(names)}


class ServerClient:
    """A connection to one server."""

    def __init__(self, address: str) -> None:
        self._address = address
        # a plan for a large cluster exceeds the default of 4 MiB; a proxy for the web does not lead to the server
        unlimited = -1
        options = (
            ("grpc.max_send_message_length", unlimited),
            ("grpc.max_receive_message_length", unlimited),
            ("grpc.enable_http_proxy", 0),
        )
        self._channel = grpc.insecure_channel(address, options=options)
        self._stub = planning_service_pb2_grpc.PlanningServiceStub(self._channel)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._channel.close()

    def plan(
        self,
        snapshot: Snapshot,
        policy: Mapping[str, bytes] | None,
        options: PlanOptions,
        show: ShowProgress | None = None,
    ) -> Answer:
        """The server's answer; `policy` None is its own policy, `show` gets every report on the way.

        Raises
        ------
        CommandError
            The server refuses the request, cannot be reached, or fails.
        """
        request = pb.StreamPlanRequest(
            snapshot=snapshot_to_proto(snapshot),
            policy=policy_to_proto(policy),
            request_id=str(uuid.uuid4()),
            seed=options.seed,
            reproducible=options.reproducible,
            time_budget=seconds_to_proto(options.budget_s),
            warm_start=None if options.warm_start is None else pb.WarmStart(places=options.warm_start),
            frontier_percents=options.frontier,
            strict=options.strict,
        )
        # the server takes a fifth off the deadline before it compares it with the budget
        timeout_s = 2 * options.budget_s + _PATIENCE_S
        answer = None
        try:
            # to the end of the stream: a call that is left early counts as cancelled
            for response in self._stub.StreamPlan(request, timeout=None if options.reproducible else timeout_s):
                event = response.WhichOneof("event")
                if event == "answer":
                    answer = answer_from_proto(response.answer)
                elif event == "progress" and show is not None:
                    progress = response.progress
                    levels = [level_from_proto(level) for level in progress.levels]
                    show(progress.engine, seconds_from_proto(progress.elapsed), levels)
        except grpc.RpcError as error:
            raise self._failure(error) from error
        if answer is None:
            raise CommandError(ExitCode.SERVER_UNAVAILABLE, [f"server {self._address} gave no answer"])
        return answer

    def explain(
        self, snapshot: Snapshot, policy: Mapping[str, bytes] | None, vm_id: str, host_id: str | None
    ) -> GuestExplanation:
        """Where the server says that the guest could run; `host_id` None asks about all hosts. Raises as `plan`."""
        request = pb.ExplainGuestRequest(
            snapshot=snapshot_to_proto(snapshot), policy=policy_to_proto(policy), vm_id=vm_id, host_id=host_id or ""
        )
        try:
            return explanation_from_proto(self._stub.ExplainGuest(request, timeout=_PATIENCE_S))
        except grpc.RpcError as error:
            raise self._failure(error) from error

    def _failure(self, error: grpc.RpcError) -> CommandError:
        call = cast(grpc.Call, error)  # every error of a call is one; grpc's types do not say so
        text = f"server {self._address}: {call.details()}"
        if call.code() in _REFUSALS:
            return CommandError(ExitCode.USAGE, _faults_in(call) or [text])
        return CommandError(ExitCode.SERVER_UNAVAILABLE, [f"{text} [{call.code().name}]"])


def _faults_in(error: grpc.Call) -> list[str]:
    """The field violations that the server lists."""
    bad_request = BadRequest()
    status = rpc_status.from_call(error)
    for detail in status.details if status is not None else ():
        detail.Unpack(bad_request)
    return [f"{violation.field}: {violation.description}" for violation in bad_request.field_violations]
