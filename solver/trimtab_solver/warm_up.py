"""Compiles every kernel, or loads it from the cache: ``python -m trimtab_solver.warm_up``.

At set-up and at the start of a service, so that no request waits for a compiler.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading

import numpy as np

from .authoring.loader import parse_policy
from .engines.bounds.bound import Bounds
from .engines.clock import NEVER
from .engines.columns import knapsacks
from .engines.columns.dynamic_program import solve_knapsacks
from .engines.columns.price_and_branch import PriceAndBranchOptions, price_and_branch
from .engines.greedy import repair
from .engines.room_prices import RoomPrices
from .engines.search import SearchOptions, search
from .engines.search.anneal import anneal
from .engines.search.construct import construct
from .engines.search.finish import send_home, spread
from .jit import CACHE_VARIABLE, cache_folder, is_cached
from .options import PlanOptions
from .planner import plan_prepared
from .prepared import prepare
from .snapshot import Host, Snapshot, Vm, VmState

_POLICY = b"""
apiVersion: trimtab/v1
kind: PolicySet
metadata: {name: warm-up}
spec: {require: [any, apart]}
---
apiVersion: trimtab/v1
kind: Tier
metadata: {name: any}
spec: {rank: 1, evict: {when: "event.hardware_failures >= 1"}}
---
apiVersion: trimtab/v1
kind: Spread
metadata: {name: apart}
spec: {select: {matchLabels: {apart: "yes"}}, groupBy: vm.group, topology: host, maxPerDomain: 1, level: must}
---
apiVersion: trimtab/v1
kind: HostRequirement
metadata: {name: able}
spec: {select: {cel: "'needs' in vm.labels"}, require: "'able' in host.capabilities", level: should, weight: 1}
---
apiVersion: trimtab/v1
kind: ActionBudget
metadata: {name: moves}
spec: {maxMigrations: "50%"}
"""
"""What most policies have: reading and compiling them looks much up that stays known."""


def warm_up() -> None:
    """Plans for a cluster of two hosts: kernels are the same for all problems, whatever they contain."""
    knapsacks.warm_up()
    size = {"memory_mib": 1}
    hosts = tuple(Host(name, capacity=size) for name in ("a", "b"))
    vms = (
        Vm("runs", "any", "any", {"apart": "yes"}, "one", requested=size, host_id="a"),
        *(Vm(name, "any", "any", requested=size, state=VmState.PENDING) for name in ("waits", "lacks")),
    )
    snapshot = Snapshot(hosts, vms)
    policy = parse_policy({"warm-up.yaml": _POLICY})
    prepared = prepare(snapshot, policy)
    problem = prepared.problem
    start = repair(problem, problem.current)
    room = RoomPrices(problem.ranks[0], np.ones(len(vms)))
    relaxed = Bounds(problem).loss_problem(problem.ranks[0], {})
    price_and_branch(problem, relaxed, PriceAndBranchOptions(NEVER, iterations=1), threading.Event())
    search(problem, SearchOptions(budget_s=0.01, workers=1, reproducible=True, room=room), start)
    # the first plan, and nothing more: all that is looked up once per process
    stop = threading.Event()
    stop.set()
    plan_prepared(prepared, PlanOptions(workers=1), stop=stop)


def warm_up_to_fork() -> None:
    """As `warm_up`, but compiles in a process of its own.

    A compiler leaves some 150 MiB behind, and every process that is forked later would copy the pages that it touches.
    """
    if not is_warm():
        environment = {**os.environ, CACHE_VARIABLE: str(cache_folder())}
        # what goes wrong there goes wrong here too, and is told
        subprocess.run([sys.executable, "-m", __name__], env=environment, check=False)  # noqa: S603 - our own module
    warm_up()


def is_warm() -> bool:
    """Whether all kernels have been compiled on this machine since they were last changed."""
    return all(is_cached(kernel) for kernel in (anneal, construct, send_home, spread, solve_knapsacks))


if __name__ == "__main__":
    warm_up()
