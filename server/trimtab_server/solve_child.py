"""What runs in a solver process: parse, check, plan, verify, answer one request.

The fork server preloads this module.
"""

from __future__ import annotations

import gc
import json
import os
import resource
import signal
import socket
import threading
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn, TypeVar

from google.protobuf.message import DecodeError, Message

from trimtab.v1 import plan_pb2, policy_service_pb2
from trimtab.v1 import planning_service_pb2 as pb
from trimtab_solver.authoring.loader import parse_policy
from trimtab_solver.compilation import compile_problem
from trimtab_solver.digest import snapshot_digest
from trimtab_solver.errors import Fault, Reason, RefusedError
from trimtab_solver.failures import event_of
from trimtab_solver.outcome import Answer
from trimtab_solver.planner import PlanOptions, Progress, UnverifiedPlanError, plan_recovery
from trimtab_solver.policy.documents import Policy
from trimtab_solver.policy.selection import Selection
from trimtab_solver.stages import Stages
from trimtab_solver.validation import check_snapshot
from trimtab_solver.verify.replay import verify_plan

from . import policy_work
from .convert.answer import answer_to_proto
from .convert.request import PlanOrder, PolicyFiles, plan_order_from_proto, verify_order_from_proto
from .convert.response import progress_to_proto, stale_inputs, verdict_to_proto
from .frames import FrameKind, pack, receive_frame
from .job import LEAST_BUDGET_S, Job
from .status import ServiceError, ServiceReason, failure, out_of_memory, refusal, too_short

_NICENESS = 5
_FRONT_IS_GONE = 75
_PARSED_SIZE_FACTOR = 4
"""A parsed message is a few times as large as its bytes."""

MessageT = TypeVar("MessageT", bound=Message)


def run(connection: socket.socket, job: Job) -> None:
    """Work on one job and send what comes of it; ends the process when the front goes away."""
    # Ctrl-C reaches the whole process group; the front decides what it means
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # what the engines themselves take is shared with the fork server, and is not the request's
    most = _address_space() + job.memory_bytes
    resource.setrlimit(resource.RLIMIT_AS, (most, most))
    # a request never ends in a core file of gigabytes
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.nice(_NICENESS)
    # looking for cycles among the objects of a large snapshot takes a fifth of the time, and the process ends anyway
    gc.disable()
    request = receive_frame(connection).content
    _Work(connection, job).run(request)


def _address_space() -> int:
    """Bytes of address space that this process has now (proc(5))."""
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    return pages * resource.getpagesize()


class _Work:
    """One job and its connection."""

    def __init__(self, connection: socket.socket, job: Job) -> None:
        self._connection = connection
        self._job = job
        self._sending = threading.Lock()
        self._stop = threading.Event()
        self._stages = Stages()
        self._began = time.monotonic()
        self._report: dict[str, Any] = {}

    def run(self, request: bytes) -> None:
        threading.Thread(target=self._listen, name="front-listener", daemon=True).start()
        try:
            response = self._methods()[self._job.method](request)
        except RefusedError as error:
            self._fail(refusal(error.faults))
        except ServiceError as error:
            self._fail(error)
        except UnverifiedPlanError as error:
            self._report["fault"] = str(error)
            self._fail(failure(ServiceReason.INTERNAL_UNVERIFIED_PLAN, "the planner made a plan that is not safe"))
        except MemoryError:
            self._fail(out_of_memory(self._job.memory_bytes))
        except Exception:  # whatever it is must reach the log, and the caller as a status
            self._report["fault"] = traceback.format_exc()
            self._fail(failure(ServiceReason.INTERNAL_FAILURE, "the request failed because of a defect in trimtab"))
        else:
            self._send_report()
            self._send(FrameKind.FINAL, response)

    def _methods(self) -> dict[str, Callable[[bytes], bytes]]:
        return {
            "": _probe,
            "CreatePlan": self._create,
            "StreamPlan": self._stream,
            "VerifyPlan": self._verify,
            "LintPolicy": self._lint,
            "TestPolicy": self._test,
            "DiffPolicies": self._diff,
        }

    def _create(self, request: bytes) -> bytes:
        answer = self._answer(self._read(request, pb.CreatePlanRequest()))
        with self._stages.timed("encode"):
            return pb.CreatePlanResponse(answer=answer).SerializeToString()

    def _stream(self, request: bytes) -> bytes:
        answer = self._answer(self._read(request, pb.StreamPlanRequest()))
        with self._stages.timed("encode"):
            return pb.StreamPlanResponse(answer=answer).SerializeToString()

    def _read(self, request: bytes, message: pb.CreatePlanRequest | pb.StreamPlanRequest) -> PlanOrder:
        """What the request asks for. The message, as large as all that is made of it, is gone when this returns."""
        with self._stages.timed("parse"):
            _parse(request, message)
        with self._stages.timed("convert"):
            return plan_order_from_proto(message)

    def _answer(self, order: PlanOrder) -> plan_pb2.Answer:
        budget_s = self._budget_s(order)
        self._send(FrameKind.ACCEPTED, _json({"request_id": order.request_id, "budget_s": budget_s}))
        with self._stages.timed("policy"):
            policy = self._policy(order.policy_files)
        if order.validate_only:
            return self._check(order, policy)
        read = time.monotonic()
        read_s = read - self._began
        if not order.reproducible:
            budget_s = min(budget_s - read_s, self._job.end_by - read)
        if budget_s < LEAST_BUDGET_S:
            raise too_short(budget_s, LEAST_BUDGET_S)
        options = PlanOptions(
            budget_s=budget_s,
            seed=order.seed,
            workers=self._job.threads,
            reproducible=order.reproducible,
            warm_start=order.warm_start,
            frontier=order.frontier,
        )
        on_progress = self._progress if self._job.method == "StreamPlan" else None
        # work that is cut short by the clock of a shutdown could not be repeated
        stop = None if order.reproducible else self._stop
        answer = plan_recovery(order.snapshot, policy, options, on_progress, stop, self._stages)
        if not answer.certificate.verified:
            raise failure(ServiceReason.INTERNAL_UNVERIFIED_PLAN, "the planner made a plan that was not verified")
        self._report |= _decision(answer, read_s=read_s, plan_s=time.monotonic() - read, budget_s=budget_s)
        with self._stages.timed("encode"):
            return answer_to_proto(answer)

    def _budget_s(self, order: PlanOrder) -> float:
        job = self._job
        left_s = job.end_by - time.monotonic()
        if order.reproducible:
            # neither the clock nor the deadline may shape the answer; one that comes too late is lost instead
            return min(job.default_budget_s if order.time_budget_s is None else order.time_budget_s, job.max_budget_s)
        if order.time_budget_s is not None:
            return min(order.time_budget_s, left_s)
        return left_s if job.has_deadline else min(job.default_budget_s, left_s)

    def _check(self, order: PlanOrder, policy: Policy) -> plan_pb2.Answer:
        check_snapshot(order.snapshot)
        event = event_of(order.snapshot)
        selection = Selection(policy, order.snapshot, event)
        problem = compile_problem(order.snapshot, policy, selection)
        digest = snapshot_digest(order.snapshot)
        self._report |= {"validate_only": True, "snapshot_digest": digest, "policy_digest": policy.digest}
        return plan_pb2.Answer(
            certificate=plan_pb2.Certificate(
                snapshot_digest=digest,
                policy_digest=policy.digest,
                seed=order.seed,
                reproducible=order.reproducible,
            ),
            hardware_failures=event.hardware_failures,
            notes=problem.warnings,
        )

    def _verify(self, request: bytes) -> bytes:
        timed = self._stages.timed
        with timed("parse"):
            message = _parse(request, pb.VerifyPlanRequest())
        with timed("convert"):
            order = verify_order_from_proto(message)
        with timed("policy"):
            policy = self._policy(order.policy_files)
        with timed("check"):
            check_snapshot(order.snapshot)
        with timed("digest"):
            digest = snapshot_digest(order.snapshot)
        stale = stale_inputs(order.certificate, digest, policy.digest)
        with timed("verify"):
            verdict = verify_plan(order.snapshot, policy, order.plan)
        self._report |= {
            "snapshot_digest": digest,
            "policy_digest": policy.digest,
            "verified": verdict.is_valid and not stale,
            "stale": [one.input for one in stale],
            "violations": len(verdict.violations),
            "actions": len(order.plan.actions),
        }
        return verdict_to_proto(verdict, stale).SerializeToString()

    def _lint(self, request: bytes) -> bytes:
        message = _parse(request, policy_service_pb2.LintPolicyRequest())
        return policy_work.lint_policy(message, self._policy).SerializeToString()

    def _test(self, request: bytes) -> bytes:
        message = _parse(request, policy_service_pb2.TestPolicyRequest())
        return policy_work.test_policy(message, self._policy).SerializeToString()

    def _diff(self, request: bytes) -> bytes:
        message = _parse(request, policy_service_pb2.DiffPoliciesRequest())
        return policy_work.diff_policies(message, self._policy).SerializeToString()

    def _policy(self, files: PolicyFiles) -> Policy:
        if files is not None:
            return parse_policy(files)
        if self._job.policy is None:
            path = "policy.server_default"
            text = "this server has no policy of its own; send the policy inline, or start it with a policy folder"
            raise failure(ServiceReason.NO_SERVER_POLICY, f"{path}: {text}", {"path": path, "faults": "1"})
        return self._job.policy

    def _progress(self, progress: Progress) -> None:
        message = progress_to_proto(progress.engine, progress.elapsed_s, progress.levels)
        self._send(FrameKind.PROGRESS, pb.StreamPlanResponse(progress=message).SerializeToString())

    def _send_report(self) -> None:
        stages = {stage: round(seconds, 4) for stage, seconds in self._stages.seconds.items()}
        self._send(FrameKind.REPORT, _json(self._report | {"stages_s": stages}))

    def _fail(self, error: ServiceError) -> None:
        self._send_report()
        self._send(FrameKind.ERROR, error.status.SerializeToString())

    def _send(self, kind: FrameKind, content: bytes) -> None:
        try:
            with self._sending:
                self._connection.sendall(pack(kind, content))
        except ConnectionError:
            _leave()

    def _listen(self) -> None:
        try:
            while receive_frame(self._connection).kind is FrameKind.STOP:
                self._stop.set()
        except (EOFError, OSError):
            _leave()


def _probe(request: bytes) -> bytes:
    return request


def _leave() -> NoReturn:
    # not sys.exit: engines may be deep in native code, and nobody is left to answer
    os._exit(_FRONT_IS_GONE)


def _parse(request: bytes, message: MessageT) -> MessageT:
    try:
        message.ParseFromString(request)
    except DecodeError as error:
        # protobuf calls a message malformed when memory is short as well; then this raises MemoryError
        bytearray(_PARSED_SIZE_FACTOR * len(request))
        name = message.DESCRIPTOR.full_name
        fault = Fault(
            Reason.INVALID_REQUEST, "request", f"is not a {name}: {error}", "encode it with the same contract"
        )
        raise RefusedError([fault]) from error
    return message


def _decision(answer: Answer, *, read_s: float, plan_s: float, budget_s: float) -> dict[str, Any]:
    certificate = answer.certificate
    return {
        "outcome": answer.outcome,
        "engine": answer.engine,
        "snapshot_digest": certificate.snapshot_digest,
        "policy_digest": certificate.policy_digest,
        "engine_versions": dict(certificate.engine_versions),
        "seed": certificate.seed,
        "reproducible": certificate.reproducible,
        "hardware_failures": answer.hardware_failures,
        "levels": {level.name: [level.value, level.bound] for level in answer.levels},
        "actions": len(answer.plan.actions),
        "stays_down": len(answer.stays_down),
        "notes": len(answer.notes),
        "budget_s": round(budget_s, 3),
        "read_s": round(read_s, 3),
        "plan_s": round(plan_s, 3),
    }


def _json(fields: dict[str, Any]) -> bytes:
    return json.dumps(fields).encode()
