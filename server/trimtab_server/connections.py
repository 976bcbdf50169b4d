"""Limits on connections: no client keeps what others need by doing nothing."""

from __future__ import annotations

import resource
from typing import Final

_OWN_DESCRIPTORS: Final = 64
"""Kept for the log, the listeners, the metrics and the event loop."""
_OF_A_WORKER: Final = 8
"""Connection and pidfd of a solver process at work and of one forked ahead, for plans and for other calls."""

_KEEPALIVE_MS: Final = 4_000
_KEEPALIVE_TIMEOUT_MS: Final = 4_000
_HANDSHAKE_MS: Final = 5_000
_IDLE_MS: Final = 30_000
_STREAMS: Final = 256


def connection_options(connections: int, workers: int) -> tuple[tuple[str, int], ...]:
    """Options of the gRPC server.

    A client that gives no sign of life is disconnected after `_KEEPALIVE_MS` and `_KEEPALIVE_TIMEOUT_MS`, and its calls
    end; one without a call after `_IDLE_MS`: its channel connects again with its next call.
    """
    return (
        ("grpc.max_allowed_incoming_connections", min(connections, _descriptors_for_connections(workers))),
        ("grpc.max_concurrent_streams", _STREAMS),
        ("grpc.keepalive_time_ms", _KEEPALIVE_MS),
        ("grpc.keepalive_timeout_ms", _KEEPALIVE_TIMEOUT_MS),
        ("grpc.keepalive_permit_without_calls", 1),
        ("grpc.http2.ping_timeout_ms", _KEEPALIVE_TIMEOUT_MS),
        # a call that is worked on sends nothing for long
        ("grpc.http2.max_pings_without_data", 0),
        ("grpc.server_handshake_timeout_ms", _HANDSHAKE_MS),
        ("grpc.max_connection_idle_ms", _IDLE_MS),
        # windows that grow with the line would take messages before there is room for them
        ("grpc.http2.bdp_probe", 0),
    )


def _descriptors_for_connections(workers: int) -> int:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return max(hard - _OWN_DESCRIPTORS - _OF_A_WORKER * workers, 1)
