"""The subjects of the benchmarks: seeded samples, and third-party files where they are at hand."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from trimtab_server.adapters import read_btrplace
from trimtab_server.sampling import SampleOptions, generate
from trimtab_solver.policy.documents import Policy
from trimtab_solver.policy.loader import parse_policy
from trimtab_solver.snapshot import Snapshot

DATA = "TRIMTAB_BENCH_DATA"
"""Environment variable that names the folder of third-party benchmark data."""

_SAMPLES = ((10, 80, 0.95), (50, 500, 0.95), (100, 1000, 0.95), (200, 5000, 0.90), (1000, 25_000, 0.90))
_SMOKE = ((10, 80, 0.95),)
_BTRPLACE = ("std-perf/nr3.gz",)


@dataclass(frozen=True, slots=True)
class Instance:
    """A named cluster with its policy."""

    name: str
    snapshot: Snapshot
    policy: Policy


def samples(seed: int, *, smoke: bool) -> Iterator[Instance]:
    """Generated clusters of growing size; in the smallest one host fails, in the others a rack."""
    for hosts, vms, load in _SMOKE if smoke else _SAMPLES:
        failed = "host:h0001" if hosts <= 10 else "rack:r01"
        sample = generate(SampleOptions(hosts=hosts, vms=vms, load=load, fail=(failed,), seed=seed))
        yield Instance(f"sample {hosts}x{vms} load {load}", sample.snapshot, parse_policy(sample.policy))


def third_party() -> Iterator[Instance]:
    """BtrPlace instances below the folder named by ``TRIMTAB_BENCH_DATA``; none when it is not set."""
    folder = os.environ.get(DATA)
    if not folder:
        return
    for name in _BTRPLACE:
        imported = read_btrplace(Path(folder) / "btrplace" / name)
        yield Instance(f"btrplace {name}", imported.snapshot, parse_policy(imported.policy_documents))
