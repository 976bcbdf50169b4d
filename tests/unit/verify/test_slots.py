"""Migration slots, judged from begin and duration alone."""

from __future__ import annotations

import pytest

from tests.support.cluster import policy, snapshot, vm
from trimtab_solver.actions import Action, ActionKind, Plan
from trimtab_solver.verify import Code
from trimtab_solver.verify.case import Case
from trimtab_solver.verify.slots import slot_faults


def _faults(slots: int, *spans: tuple[str, str, int, int], kind: ActionKind = ActionKind.MIGRATE_LIVE) -> list[int]:
    """Steps with faults, for migrations given as source, target, begin and duration; `slots` on every host."""
    case = Case(snapshot([vm("v", "h1")], {n: {"migration_slots": slots} for n in range(1, 5)}), policy())
    actions = (
        Action(n, kind, "v", source, target, earliest_start_s=start, duration_s=duration)
        for n, (source, target, start, duration) in enumerate(spans, 1)
    )
    faults = list(slot_faults(case, Plan(tuple(actions))))
    assert {fault.code for fault in faults} <= {Code.TIMING}
    return sorted(fault.step for fault in faults)


@pytest.mark.parametrize("kind", [ActionKind.MIGRATE_LIVE, ActionKind.MIGRATE_COLD])
def test_a_migration_takes_a_slot_at_both_ends_while_it_lasts(kind: ActionKind) -> None:
    """Two from h1, or two to h4, do not overlap when there is one slot; one may begin when the other ends."""
    assert _faults(1, ("h1", "h2", 0, 5), ("h1", "h3", 4, 5), kind=kind) == [2]
    assert _faults(1, ("h1", "h4", 0, 5), ("h2", "h4", 4, 5), kind=kind) == [2]
    assert _faults(1, ("h1", "h2", 0, 5), ("h2", "h3", 4, 5), kind=kind) == [2]
    assert _faults(1, ("h1", "h2", 0, 5), ("h1", "h3", 5, 5), kind=kind) == []
    assert _faults(1, ("h1", "h2", 0, 5), ("h3", "h4", 0, 5), kind=kind) == []


def test_it_is_the_one_that_begins_last_that_is_reported() -> None:
    """Whatever its place in the list."""
    assert _faults(2, ("h1", "h2", 9, 5), ("h1", "h3", 0, 20), ("h1", "h4", 1, 20)) == [1]


def test_a_host_without_slots_has_one() -> None:
    """Else nothing could ever leave it."""
    assert _faults(0, ("h1", "h2", 0, 5)) == []
    assert _faults(0, ("h1", "h2", 0, 5), ("h1", "h3", 0, 5)) == [2]


def test_other_actions_and_unknown_hosts_take_none() -> None:
    """Starts may begin all at once; a host that is not there is reported by others."""
    assert _faults(1, ("h1", "", 0, 5), ("h1", "", 0, 5), kind=ActionKind.STOP) == []
    assert _faults(1, ("h8", "h9", 0, 5), ("h8", "h9", 0, 5)) == []
