"""Our own simpler engines as baselines: the greedy alone, and the full CP-SAT model alone."""

from __future__ import annotations

import threading
import time
from importlib.metadata import version
from pathlib import Path

from benchmarks.peers.peer import DidNotFinishError, PeerAnswer
from benchmarks.service import THREADS
from trimtab_solver.engines.clock import Deadline
from trimtab_solver.engines.cpsat import Budget
from trimtab_solver.engines.exact_model import ExactModel
from trimtab_solver.engines.greedy import repair
from trimtab_solver.policy.documents import Policy
from trimtab_solver.prepared import prepare
from trimtab_solver.problem import Problem, Target
from trimtab_solver.snapshot import Snapshot


class GreedyPeer:
    """The greedy engine alone."""

    name = "greedy"
    most_vms = 200_000

    def version(self) -> str:
        """That of trimtab."""
        return version("trimtab")

    def solve(self, snapshot: Snapshot, policy: Policy, seconds: float, folder: Path) -> PeerAnswer:
        """Its target."""
        problem = _compile(snapshot, policy)
        began = time.monotonic()
        target = repair(problem)
        return PeerAnswer(_place(problem, target), time.monotonic() - began)


class DirectCpSat:
    """The whole problem in one staged CP-SAT model, without any help of other engines."""

    name = "cp-sat"
    most_vms = 5000

    def version(self) -> str:
        """That of OR-tools."""
        return version("ortools")

    def solve(self, snapshot: Snapshot, policy: Policy, seconds: float, folder: Path) -> PeerAnswer:
        """The best target within the time, building the model included."""
        problem = _compile(snapshot, policy)
        began = time.monotonic()
        model = ExactModel(problem)
        budget = Budget(deadline=Deadline(began + seconds), units=None, seed=1, workers=THREADS)
        result = model.solve(budget, threading.Event())
        wall_s = time.monotonic() - began
        if result.target is None:
            raise DidNotFinishError(f"no solution within {seconds:g} s")
        return PeerAnswer(_place(problem, result.target), wall_s)


def _compile(snapshot: Snapshot, policy: Policy) -> Problem:
    return prepare(snapshot, policy).problem


def _place(problem: Problem, target: Target) -> dict[str, str]:
    return {
        vm_id: problem.host_ids[h] for vm_id, h in zip(problem.vm_ids, target.place.tolist(), strict=True) if h >= 0
    }
