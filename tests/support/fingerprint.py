"""Prints digests of reproducible plans: run in a process of its own to see whether another process plans the same."""

from __future__ import annotations

import hashlib
import sys

import pytest

from tests.support.strategies import tiny_cluster
from trimtab_server.convert.answer import answer_to_proto
from trimtab_server.sampling.generator import generate
from trimtab_server.sampling.options import SampleOptions
from trimtab_solver.authoring.loader import parse_policy
from trimtab_solver.engines import strategy
from trimtab_solver.options import PlanOptions
from trimtab_solver.outcome import Answer
from trimtab_solver.planner import plan_recovery
from trimtab_solver.policy.documents import Policy
from trimtab_solver.snapshot import Snapshot

TINY = range(500_000, 500_008)


def digests(workers: int) -> list[str]:
    """One digest per cluster, planned reproducibly: some tiny ones, a sample with a failed host, and `contested`."""
    small = [*map(tiny_cluster, TINY), _sample(SampleOptions(hosts=6, vms=36, load=1.0, fail=("host:h0001",)))]
    options = PlanOptions(budget_s=4, seed=3, workers=workers, reproducible=True)
    return [*(_digest(plan_recovery(*cluster, options)) for cluster in small), *contested(workers)[0]]


def contested(workers: int) -> tuple[list[str], set[str]]:
    """Digests of plans for clusters where guests are lost, and the engines that found something better on the way.

    The exact engine is said to be too small for them, so that those for large clusters have their turn.
    """
    found: set[str] = set()
    plans = []
    options = PlanOptions(budget_s=2, seed=3, workers=workers, reproducible=True)
    with pytest.MonkeyPatch.context() as limits:
        for name in ("EXACT_ALONE", "EXACT_FIRST", "EXACT_MOST"):
            limits.setattr(strategy, name, 0)
        for load, seed in ((1.3, 4), (1.4, 1)):
            fail = ("host:h0001", "host:h0002")
            cluster = _sample(SampleOptions(hosts=16, vms=120, load=load, seed=seed, fail=fail))
            answer = plan_recovery(*cluster, options, on_progress=lambda progress: found.add(progress.engine))
            plans.append(_digest(answer))
    return plans, found


def _sample(options: SampleOptions) -> tuple[Snapshot, Policy]:
    sample = generate(options)
    return sample.snapshot, parse_policy(sample.policy)


def _digest(answer: Answer) -> str:
    """SHA-256 over every byte of the answer."""
    return hashlib.sha256(answer_to_proto(answer).SerializeToString(deterministic=True)).hexdigest()


if __name__ == "__main__":
    sys.stdout.write("\n".join(digests(int(sys.argv[1]))))
