"""Assesses scenarios on a Ray cluster: one that is there, or one that is started on this machine for the purpose.

Needs the extra ``trimtab[ray]``, and trimtab of the same version on every node. The daemons of Ray listen on all
interfaces: a network in which strangers are is no place for them.
"""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final

from ...errors import RefusedError
from ...scenarios.scenario import Scenario
from ..verdicts import ScenarioVerdict
from .remote import MOST_OF_ONE, Cluster, assess
from .runner import Assessed, Assignment

_RETRIES: Final = 3
"""How often a scenario is tried again when a worker, or its whole node, is lost with it."""
_AHEAD: Final = 2
"""How many scenarios are on their way for each processor: one is worked on, and the next is there when it is done."""


class RayMissingError(Exception):
    """Ray is not installed."""


class RayCluster:
    """Each node holds the cluster once; each of its processors assesses a scenario at a time."""

    def __init__(self, address: str | None = None, workers: int | None = None) -> None:
        """`address` is that of a Ray cluster, such as ``ray://head:10001``; by default one is started on this machine.

        `workers` is how many scenarios are assessed at a time, by default one for each processor of the Ray cluster. A
        process that is connected with Ray already stays so, and its connection is used.
        """
        self._address, self._workers = address, workers

    def run(self, assignment: Assignment, scenarios: Sequence[Scenario]) -> Iterator[Assessed]:
        """As `ScenarioRunner.run`. A scenario that is lost with its worker again and again gets a verdict saying so.

        Raises
        ------
        RayMissingError
            When Ray is not installed.
        ConnectionError
            When there is no Ray cluster at the address.
        """
        with _connected(self._address, self._workers) as ray:
            task = ray.remote(num_cpus=1, max_retries=_RETRIES, max_calls=MOST_OF_ONE)(assess)
            held = Cluster(ray.put(assignment))
            most = (self._workers or int(ray.cluster_resources().get("CPU", 1))) * (1 if self._workers else _AHEAD)
            yield from _run(ray, lambda scenario: task.remote(held, scenario), scenarios, most)


def _run(ray: Any, start: Callable[[Scenario], Any], scenarios: Sequence[Scenario], most: int) -> Iterator[Assessed]:
    """The verdicts as they are reached, with at most so many tasks on their way."""
    to_do = iter(enumerate(scenarios))
    under_way: dict[Any, int] = {}
    try:
        while True:
            while len(under_way) < most and (following := next(to_do, None)) is not None:
                number, scenario = following
                under_way[start(scenario)] = number
            if not under_way:
                return
            (ready, *_), _ = ray.wait(list(under_way), num_returns=1)
            number = under_way.pop(ready)
            yield Assessed(number, _verdict(ray, ready, scenarios[number].name))
    finally:
        for task in under_way:
            ray.cancel(task, force=True)


def _verdict(ray: Any, task: Any, scenario: str) -> ScenarioVerdict:
    try:
        result = ray.get(task)
    except (ray.exceptions.WorkerCrashedError, ray.exceptions.NodeDiedError) as lost:
        why = f"the Ray worker that assessed it was lost {_RETRIES + 1} times ({type(lost).__name__})"
        return ScenarioVerdict.unassessed(scenario, why)
    if isinstance(result, RefusedError):
        raise result
    assert isinstance(result, ScenarioVerdict)
    return result


@contextmanager
def _connected(address: str | None, workers: int | None) -> Iterator[Any]:
    """The module, connected; what was connected here is disconnected at the end."""
    if address is None:
        # for the daemons that are started here; a choice that was made before stands
        os.environ.setdefault("RAY_AUTH_MODE", "token")
    ray = _module()
    if ray.is_initialized():
        yield ray
        return
    own: Mapping[str, Any] = {"num_cpus": workers, "include_dashboard": False} if address is None else {}
    ray.init(address or "local", log_to_driver=False, configure_logging=False, **own)
    try:
        yield ray
    finally:
        ray.shutdown()


def _module() -> Any:
    try:
        return importlib.import_module("ray")
    except ModuleNotFoundError as missing:
        raise RayMissingError("Ray is not installed; install trimtab[ray]") from missing
