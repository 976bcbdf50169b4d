"""Prints digests of reproducible plans: run in a process of its own to see whether another process plans the same."""

from __future__ import annotations

import hashlib
import sys

from tests.support.strategies import tiny_cluster
from trimtab_server.convert.answer import answer_to_proto
from trimtab_server.sampling.generator import generate
from trimtab_server.sampling.options import SampleOptions
from trimtab_solver.authoring.loader import parse_policy
from trimtab_solver.options import PlanOptions
from trimtab_solver.outcome import Answer
from trimtab_solver.planner import plan_recovery
from trimtab_solver.policy.documents import Policy
from trimtab_solver.snapshot import Snapshot

TINY = range(500_000, 500_008)


def clusters() -> list[tuple[Snapshot, Policy]]:
    """Some tiny clusters and a sample cluster with a failed host."""
    sample = generate(SampleOptions(hosts=6, vms=36, load=1.0, fail=("host:h0001",)))
    return [*(tiny_cluster(seed) for seed in TINY), (sample.snapshot, parse_policy(sample.policy))]


def digest(answer: Answer) -> str:
    """SHA-256 over every byte of the answer."""
    return hashlib.sha256(answer_to_proto(answer).SerializeToString(deterministic=True)).hexdigest()


def digests(workers: int) -> list[str]:
    """One digest per cluster, planned reproducibly."""
    options = PlanOptions(budget_s=4, seed=3, workers=workers, reproducible=True)
    return [digest(plan_recovery(snapshot, policy, options)) for snapshot, policy in clusters()]


if __name__ == "__main__":
    sys.stdout.write("\n".join(digests(int(sys.argv[1]))))
