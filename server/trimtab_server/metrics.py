"""What the server counts, for Prometheus: calls and their durations, outcomes of plans, and its own policy."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Histogram, start_http_server
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from .logs import LogLines
from .served_policy import ServedPolicy

_BUCKETS_S: Final = (0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300)


class Metrics:
    """Counters of one server. Their labels have few values: no id of a guest, host or request is among them."""

    def __init__(self, served: ServedPolicy, lines: LogLines | None = None) -> None:
        self._registry = CollectorRegistry()
        if lines is not None:
            self._registry.register(_LogCollector(lines))
        self._registry.register(_PolicyCollector(served))
        self._calls = Counter(
            "trimtab_calls",
            "Calls that have ended, by gRPC code and reason (empty: none).",
            ("method", "code", "reason"),
            registry=self._registry,
        )
        self._durations = Histogram(
            "trimtab_call_duration_seconds",
            "From the arrival of a call to its end.",
            ("method",),
            buckets=_BUCKETS_S,
            registry=self._registry,
        )
        self._plans = Counter("trimtab_plans", "Plans made, by outcome.", ("outcome",), registry=self._registry)
        self._engine_faults = Counter(
            "trimtab_engine_faults",
            "Engines that failed while a plan was made, which was made without them.",
            ("engine",),
            registry=self._registry,
        )

    def call_ended(self, method: str, code: str, reason: str, duration_s: float) -> None:
        """Count a call; `method` is its full name with slashes."""
        name = method.rpartition("/")[2]
        self._calls.labels(name, code, reason).inc()
        self._durations.labels(name).observe(duration_s)

    def plan_made(self, outcome: str) -> None:
        """Count a plan. An answer that is given again is no new plan."""
        self._plans.labels(outcome).inc()

    def engine_failed(self, engine: str) -> None:
        """Count a failure of an engine that did not cost the plan."""
        self._engine_faults.labels(engine).inc()

    def serve(self, host: str, port: int) -> int:
        """Answer ``GET /metrics`` in a thread of its own until the process ends; gives the port (for port 0: any).

        Raises
        ------
        OSError
            When the address cannot be used.
        """
        server, _ = start_http_server(port, host, self._registry)
        return int(server.server_port)


class _PolicyCollector(Collector):
    """What the policy folder came to, read when somebody asks."""

    def __init__(self, served: ServedPolicy) -> None:
        self._served = served

    def collect(self) -> Iterator[CounterMetricFamily | GaugeMetricFamily]:
        """One sample of each."""
        served = self._served
        reloads = CounterMetricFamily(
            "trimtab_policy_reloads",
            "States of the policy folder that came into force (accepted) or could not be used (refused).",
            labels=("result",),
        )
        reloads.add_metric(("accepted",), served.load_count)
        reloads.add_metric(("refused",), served.refusal_count)
        yield reloads
        text = "Faults of the policy folder as it is now; 0 when the policy in force is what it holds."
        yield GaugeMetricFamily("trimtab_policy_faults", text, value=len(served.faults))
        info = GaugeMetricFamily("trimtab_policy_info", "The policy in force.", labels=("policy_digest",))
        loaded = GaugeMetricFamily("trimtab_policy_loaded_timestamp_seconds", "When it came into force.")
        if (policy := served.policy) is not None:
            info.add_metric((policy.digest,), 1)
            loaded.add_metric((), served.loaded_at)
        yield info
        yield loaded


class _LogCollector(Collector):
    """What became of the log, read when somebody asks."""

    def __init__(self, lines: LogLines) -> None:
        self._lines = lines

    def collect(self) -> Iterator[CounterMetricFamily]:
        """One sample."""
        text = "Lines of the log that were lost: nobody read them in time, or they could not be written."
        yield CounterMetricFamily("trimtab_log_lines_dropped", text, value=self._lines.dropped)
