"""The subject ``peers``: every peer on the rigid vmha instances, at the time that trimtab gets for them."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from benchmarks.guest_counts import count_guests
from benchmarks.peers.hail import Hail
from benchmarks.peers.hbal import Hbal
from benchmarks.peers.own import DirectCpSat, GreedyPeer
from benchmarks.peers.pacemaker import Pacemaker
from benchmarks.peers.peer import DidNotFinishError, Peer
from benchmarks.peers.proxlb import ProxlbSolver
from benchmarks.peers.timefold import Timefold
from benchmarks.subject import BenchmarkCase, CaseSelection, Row, SkippedError
from benchmarks.vmha.instance import generate, policy_of, policy_without_budget
from benchmarks.vmha.recipe import FAILURES, LOADS, SIZES, Recipe
from benchmarks.vmha.subject import facts_of
from trimtab_solver.placement import Placement
from trimtab_solver.verify.placement import judge_placement

PEERS: Final[Sequence[Peer]] = (
    GreedyPeer(),
    DirectCpSat(),
    Hbal(),
    Hail(),
    Pacemaker(),
    ProxlbSolver(),
    Timefold(),
    Timefold(most_moved_percent=2),
)
SIZING: Final = "rigid"
SMOKE_BUDGET_S: Final = 2.0


def cases(selection: CaseSelection) -> Iterator[BenchmarkCase]:
    """Per peer that is installed, the instances after a small failure, up to the size that it masters."""
    for peer in PEERS:
        try:
            version = peer.version()
        except SkippedError as reason:
            print(f"peers: SKIPPED, {reason}", file=sys.stderr)
            continue
        for recipe in _recipes(peer, selection):
            budget_s = SMOKE_BUDGET_S if selection.smoke else recipe.size.budget_s * selection.budget_factor
            facts = {"peer": peer.name, **facts_of(recipe, SIZING), "budget_s": budget_s}
            yield BenchmarkCase(facts, partial(measure, peer, version, recipe, budget_s))


def measure(peer: Peer, version: str, recipe: Recipe, budget_s: float) -> Row:
    """Let the peer solve the instance and judge its placement. What it does not do in time is a result, no failure.

    Moves are counted, but no peer is blamed for many: most know no budget.
    """
    instance, policy = generate(recipe), policy_of(SIZING)
    row: Row = {"version": version}
    with TemporaryDirectory() as folder:
        try:
            answer = peer.solve(instance.snapshot, policy, budget_s, Path(folder))
        except DidNotFinishError as reason:
            return {**row, "unfinished": str(reason)}
    sizes = {vm.id: vm.requested for vm in instance.snapshot.vms if vm.id in answer.place}
    judge = policy_without_budget(SIZING)
    verdict = judge_placement(instance.snapshot, judge, None, Placement(answer.place, sizes))
    counted = count_guests(instance.snapshot, answer.place)
    return {
        **row,
        "wall_s": round(answer.wall_s, 3),
        "levels": dict(verdict.levels),
        "violations": dict(Counter(str(one.code) for one in verdict.violations)),
        "running": counted.running,
        "moved": counted.moved,
        "moved_percent": round(counted.moved_percent, 3),
        "stopped": counted.stopped,
        "remark": answer.remark,
    }


def _recipes(peer: Peer, selection: CaseSelection) -> Iterator[Recipe]:
    for size in SIZES[:1] if selection.smoke else SIZES:
        if selection.has_size(size.name) and size.vms <= peer.most_vms:
            for load in LOADS[-1:] if selection.smoke else LOADS[1:]:
                for seed in selection.seeds:
                    yield Recipe(size, load, FAILURES[0], seed)
