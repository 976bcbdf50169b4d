"""Faults planted in what planner and verifier share: brute force, which reads for itself, must notice each.

Both sides are wrong in the same way then, so no comparison between the two of them sees it.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest

from tests.support.oracle import best_levels
from tests.support.strategies import tiny_cluster, tiny_cluster_under
from tests.support.targets import problem_of, values_of
from trimtab_solver.engines.clock import Deadline
from trimtab_solver.engines.cpsat import Budget
from trimtab_solver.engines.exact_model import ExactModel
from trimtab_solver.failures import Event, event_of
from trimtab_solver.policy.documents import Policy, RuleSpec
from trimtab_solver.policy.selection import Selection
from trimtab_solver.rules.action_budget import ActionBudget
from trimtab_solver.rules.quorum import Quorum
from trimtab_solver.rules.spread import Spread
from trimtab_solver.snapshot import Snapshot
from trimtab_solver.topology import Topology

_FIRST, _PATIENCE = 9_700_000, 3000
Plant = Callable[[pytest.MonkeyPatch], None]


@dataclass(frozen=True, slots=True)
class Fault:
    """`under` is the kind of rule where it shows, None for any policy; `where` says which clusters may show it."""

    plant: Plant
    under: type[RuleSpec] | None = None
    where: Callable[[Snapshot], bool] = lambda snapshot: True


def _everywhere(monkeypatch: pytest.MonkeyPatch, function: Callable[..., Any], faulty: Callable[..., Any]) -> None:
    """Puts the faulty function in the place of the other one in every module that imported it."""
    name = function.__name__
    for module in list(sys.modules.values()):
        if module.__name__.startswith(("trimtab_solver", "tests.support")) and vars(module).get(name) is function:
            monkeypatch.setattr(module, name, faulty)


def _nested_domains_are_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    read = Topology.__init__

    def flat(self: Topology, snapshot: Snapshot) -> None:
        read(self, replace(snapshot, domains=tuple(replace(one, parent_id="") for one in snapshot.domains)))

    monkeypatch.setattr(Topology, "__init__", flat)


def _a_failed_rack_counts_for_each_host(monkeypatch: pytest.MonkeyPatch) -> None:
    def counted(snapshot: Snapshot) -> Event:
        event = event_of(snapshot)
        is_stated = snapshot.hardware_failures is not None
        return event if is_stated or not event.failed_domains else replace(event, hardware_failures=event.failed_hosts)

    _everywhere(monkeypatch, event_of, counted)


def _the_last_guest_is_not_selected(monkeypatch: pytest.MonkeyPatch) -> None:
    select = Selection.vms

    def fewer(*arguments: Any) -> tuple[str, ...]:
        return tuple(select(*arguments))[:-1]

    monkeypatch.setattr(Selection, "vms", fewer)


def _the_share_of_a_quorum_is_rounded_down(monkeypatch: pytest.MonkeyPatch) -> None:
    def least(self: Quorum, wanted: int) -> int:
        number = self.min_running
        return number if isinstance(number, int) else wanted * int(number[:-1]) // 100

    monkeypatch.setattr(Quorum, "least", least)


def _the_share_of_moves_is_rounded_up(monkeypatch: pytest.MonkeyPatch) -> None:
    rounded = ActionBudget.migrations

    def more(self: ActionBudget, running: int) -> int:
        return rounded(self, running) + isinstance(self.max_migrations, str)

    monkeypatch.setattr(ActionBudget, "migrations", more)


_FAULTS = [
    Fault(_nested_domains_are_ignored, Spread),
    Fault(_a_failed_rack_counts_for_each_host, where=lambda snapshot: bool(event_of(snapshot).failed_domains)),
    Fault(_the_last_guest_is_not_selected, Spread),
    Fault(_the_share_of_a_quorum_is_rounded_down, Quorum),
    Fault(_the_share_of_moves_is_rounded_up),
]


def _clusters(fault: Fault) -> Iterator[tuple[Snapshot, Policy]]:
    for seed in range(_FIRST, _FIRST + _PATIENCE):
        cluster = tiny_cluster(seed) if fault.under is None else tiny_cluster_under(fault.under, seed)
        if fault.where(cluster[0]):
            yield cluster


def _agrees(snapshot: Snapshot, policy: Policy) -> bool:
    """Whether the exact engine, the verifier and brute force find the same values."""
    problem = problem_of(snapshot, policy)
    budget = Budget(Deadline.after(60.0), None, 1, workers=1)
    target = ExactModel(problem).solve(budget, threading.Event()).target
    assert target is not None
    try:
        best, _ = best_levels(snapshot, policy)
    except AssertionError:  # the verifier refuses what brute force found
        return False
    return values_of(problem, target) == best


@pytest.mark.parametrize("fault", _FAULTS, ids=lambda fault: fault.plant.__name__.strip("_"))
def test_a_fault_that_planner_and_verifier_share_is_noticed(fault: Fault, monkeypatch: pytest.MonkeyPatch) -> None:
    """Some cluster has another optimum with the fault than brute force says; without the fault it has the same."""
    with monkeypatch.context() as planted:
        fault.plant(planted)
        noticed = next((cluster for cluster in _clusters(fault) if not _agrees(*cluster)), None)
    assert noticed is not None, "nobody noticed"
    assert _agrees(*noticed)
