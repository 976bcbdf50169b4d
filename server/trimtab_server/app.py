"""Wiring and lifecycle: start, listen, drain, end."""

from __future__ import annotations

import asyncio
import functools
import os
import signal

import grpc
import structlog
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from trimtab.v1 import planning_service_pb2

from .calls.chain import Chain
from .calls.handlers import service_handlers
from .calls.interceptors import links_around_calls
from .calls.methods import METHODS, PLANNING, POLICY, WHAT_IF
from .config import Settings
from .connections import connection_options
from .dispatch.answers import AnswersInMemory
from .dispatch.dispatcher import Dispatcher
from .dispatch.incoming import Room
from .dispatch.supervisor import PROBE, Supervisor
from .logs import LogLines
from .memory import give_back_large_blocks
from .metrics import Metrics
from .served_policy import ServedPolicy

_log = structlog.get_logger("trimtab.app")

_CLOSE_S = 2.0
"""How long calls that never end by themselves, such as health watches, keep a finished server open."""


async def serve(settings: Settings, lines: LogLines) -> None:
    """Serve until SIGTERM or SIGINT, then finish what is there; the log is written to `lines`.

    Raises
    ------
    PolicyRefusedError
        The server's own policy is wrong.
    RuntimeError
        The address cannot be used, or solver processes do not start.
    """
    give_back_large_blocks()
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    supervisor = Supervisor(settings.workers, settings.queue)
    served = ServedPolicy(settings.policy, supervisor.hold)
    loop.add_signal_handler(signal.SIGHUP, served.ask)
    metrics = Metrics(served, lines)
    metrics.observe_load(supervisor.load)
    answers = AnswersInMemory(settings.remembered_answers, settings.remembered_mib << 20)
    dispatcher = Dispatcher(settings, supervisor, answers, metrics)
    await _start(supervisor, dispatcher, served)
    healths = health.aio.HealthServicer()
    handlers = service_handlers(METHODS, dispatcher, served, settings.progress_interval_s)
    server = _server(settings, handlers, healths, metrics)
    port = server.add_insecure_port(settings.listen)
    await server.start()
    _serve_metrics(settings, metrics)
    watching = asyncio.create_task(served.watch(settings.policy_interval_s))
    await _tell(healths, True)
    following = asyncio.create_task(supervisor.follow(functools.partial(_tell, healths)))
    _log.info(
        "listening",
        address=settings.listen,
        port=port,
        policy_digest=served.policy.digest if served.policy else None,
        pid=os.getpid(),
    )
    await stopping.wait()
    for task in (watching, following):
        task.cancel()
    _log.info("draining", grace_s=settings.grace_s)
    await healths.enter_graceful_shutdown()
    await dispatcher.drain(settings.grace_s)
    await server.stop(_CLOSE_S)
    await supervisor.close()
    _log.info("stopped")


async def _start(supervisor: Supervisor, dispatcher: Dispatcher, served: ServedPolicy) -> None:
    """Start what solver processes are forked from; raises what keeps the server from that."""
    try:
        await supervisor.start(dispatcher.job(PROBE))
        await served.load()
    except BaseException:
        await supervisor.close()
        raise


async def _tell(healths: health.aio.HealthServicer, serves: bool) -> None:
    status = health_pb2.HealthCheckResponse.SERVING if serves else health_pb2.HealthCheckResponse.NOT_SERVING
    for name in (health.OVERALL_HEALTH, PLANNING, POLICY, WHAT_IF):
        await healths.set(name, status)


def _serve_metrics(settings: Settings, metrics: Metrics) -> None:
    if settings.metrics_address is None:
        return
    try:
        port = metrics.serve(*settings.metrics_address)
    except OSError as error:
        raise RuntimeError(f"metrics cannot be served at {settings.metrics_listen}: {error}") from error
    _log.info("metrics_listening", address=settings.metrics_listen, port=port)


def _server(
    settings: Settings,
    handlers: tuple[grpc.GenericRpcHandler, ...],
    healths: health.aio.HealthServicer,
    metrics: Metrics,
) -> grpc.aio.Server:
    message_bytes = settings.message_mib << 20
    server = grpc.aio.server(
        interceptors=(
            Chain(planning_service_pb2.DESCRIPTOR.package, links_around_calls(metrics), Room(message_bytes)),
        ),
        options=(
            ("grpc.max_receive_message_length", message_bytes),
            ("grpc.max_send_message_length", message_bytes),
            # two servers on one port would share its calls at random
            ("grpc.so_reuseport", 0),
            *connection_options(settings.connections, settings.workers),
        ),
    )
    server.add_generic_rpc_handlers(handlers)
    health_pb2_grpc.add_HealthServicer_to_server(healths, server)
    if settings.reflection:
        names = (PLANNING, POLICY, WHAT_IF, health.SERVICE_NAME, reflection.SERVICE_NAME)
        reflection.enable_server_reflection(names, server)
    return server
