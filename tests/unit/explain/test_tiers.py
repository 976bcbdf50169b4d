"""What a plan does to the guests of each tier."""

from __future__ import annotations

import dataclasses

from tests.support.case_files import DISPLACED, FAILED, H1, H2, TIERS, A
from trimtab_solver.actions import Action, ActionKind, Plan
from trimtab_solver.authoring.loader import parse_policy
from trimtab_solver.compilation import compile_problem
from trimtab_solver.explain.tiers import count_tiers
from trimtab_solver.outcome import TierCount
from trimtab_solver.policy.selection import Selection
from trimtab_solver.snapshot import Snapshot, VmState


def _counted(snapshot: Snapshot, plan: Plan) -> tuple[TierCount, ...]:
    policy = parse_policy({"p.yaml": TIERS.encode()})
    return count_tiers(compile_problem(snapshot, policy, Selection(policy, snapshot)), snapshot, plan)


def test_guests_are_counted_by_what_becomes_of_them() -> None:
    """A restart, a start, a move, a shrinkage, an eviction, a pause and a guest that stays down."""
    guests = (
        dataclasses.replace(DISPLACED, id="restarted"),
        dataclasses.replace(DISPLACED, id="lost"),
        dataclasses.replace(A, id="waits", state=VmState.PENDING, host_id=""),
        *(dataclasses.replace(A, id=name, host_id="h2") for name in ("moves", "shrinks", "evicted", "pauses", "stays")),
        dataclasses.replace(A, id="off", state=VmState.STOPPED, host_id=""),
    )
    full, half = {"memory_mib": 3072}, {"memory_mib": 1536}
    plan = Plan(
        (
            Action(1, ActionKind.START, "restarted", "h2", size=full),
            Action(2, ActionKind.START, "waits", "h2", size=half),
            Action(3, ActionKind.MIGRATE_LIVE, "moves", "h2", "h3"),
            Action(4, ActionKind.RESIZE, "shrinks", "h2", size=half),
            Action(5, ActionKind.SUSPEND, "evicted", "h2"),
            Action(6, ActionKind.STOP, "pauses", "h2"),
            Action(7, ActionKind.START, "pauses", "h2", size=full),
        )
    )
    (count,) = _counted(Snapshot((FAILED, H2, dataclasses.replace(H2, id="h3")), guests), plan)
    assert (count.wanted, count.ran_before, count.displaced) == (8, 7, 2)
    assert (count.restarted, count.started, count.moved, count.shrunk) == (1, 1, 1, 2)
    assert (count.suspended, count.stopped, count.interrupted) == (1, 0, 1)
    assert (count.stays_down, count.runs_after) == (2, 6)


def test_tiers_come_in_order_of_rank() -> None:
    """The highest first; tiers without guests do not come."""
    hosts, guests = (H1,), (A, dataclasses.replace(A, id="b", tier="top"))
    assert [count.tier for count in _counted(Snapshot(hosts, guests), Plan())] == ["top", "low"]
    assert [count.tier for count in _counted(Snapshot(hosts, (A,)), Plan())] == ["low"]
