"""What the server counts, for Prometheus: calls and their durations, outcomes of plans, and its own policy."""

from __future__ import annotations

import resource
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Histogram, start_http_server
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from .logs import LogLines
from .served_policy import ServedPolicy

_BUCKETS_S: Final = (0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300)


@dataclass(frozen=True, slots=True)
class ServiceLoad:
    """How busy the server is now."""

    waiting: Mapping[str, int]
    """Requests that wait, by quota."""
    working: Mapping[str, int]
    """Requests that are worked on, by quota."""
    crashes: int
    """Processes that ended or were ended for a fault, since the start."""


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
        self._waits = Histogram(
            "trimtab_waiting_seconds",
            "How long requests waited for a solver process.",
            ("quota",),
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

        self._quarantined = Counter(
            "trimtab_quarantined_records",
            "Records of guests that made no sense and were left alone by a plan, by the reason of their first fault.",
            ("reason",),
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

    def observe_load(self, load: Callable[[], ServiceLoad]) -> None:
        """Ask `load` whenever somebody asks for the metrics."""
        self._registry.register(_LoadCollector(load))

    def waited(self, quota: str, seconds: float) -> None:
        """A request began after it had waited for its turn."""
        self._waits.labels(quota).observe(seconds)

    def record_quarantined(self, reason: str) -> None:
        """Count a record that made no sense."""
        self._quarantined.labels(reason).inc()

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


class _LoadCollector(Collector):
    """How busy the server is, and what the front process holds."""

    def __init__(self, load: Callable[[], ServiceLoad]) -> None:
        self._load = load

    def collect(self) -> Iterator[CounterMetricFamily | GaugeMetricFamily]:
        """One sample of each, or one by quota."""
        load = self._load()
        text = "Requests that wait for a solver process."
        yield from _by_quota(GaugeMetricFamily("trimtab_waiting_requests", text, labels=("quota",)), load.waiting)
        text = "Solver processes that work on a request."
        yield from _by_quota(GaugeMetricFamily("trimtab_busy_workers", text, labels=("quota",)), load.working)
        text = "Solver processes and fork servers that died, or were ended because they gave no sign of life."
        yield CounterMetricFamily("trimtab_process_crashes", text, value=load.crashes)
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        text = "Memory of the front process."
        yield GaugeMetricFamily("trimtab_front_memory_bytes", text, value=pages * resource.getpagesize())
        text = "Descriptors that the front process has open."
        yield GaugeMetricFamily(
            "trimtab_front_descriptors", text, value=sum(1 for _ in Path("/proc/self/fd").iterdir())
        )
        text = "Descriptors that the front process may have open."
        most, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        yield GaugeMetricFamily("trimtab_front_descriptors_limit", text, value=most)


def _by_quota(family: GaugeMetricFamily, counts: Mapping[str, int]) -> Iterator[GaugeMetricFamily]:
    for quota, count in counts.items():
        family.add_metric((quota,), count)
    yield family
