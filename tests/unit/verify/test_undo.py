"""Undos, judged from the action and what its guest had before."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.support.cluster import policy, snapshot, vm
from trimtab_solver.actions import Action, ActionKind, Undo
from trimtab_solver.snapshot import Migratability
from trimtab_solver.verify.case import Case
from trimtab_solver.verify.undo import undo_fault

_K = ActionKind
_TEN = {"memory_mib": 10}
_CASE = Case(
    snapshot(
        [vm("v", "h1"), vm("c", "h1", "silver", migratability=Migratability.COLD)],
        {2: {"cpu_generation": 1}},
    ),
    policy(),
)


def _cases() -> list[tuple[Action, Undo]]:
    """An action of each kind that can be taken back, and what does that."""
    return [
        (Action(1, _K.START, "v", "h1", size=_TEN), Undo(_K.STOP, "v", "h1")),
        (Action(1, _K.RESUME, "v", "h1", size=_TEN), Undo(_K.SUSPEND, "v", "h1")),
        (Action(1, _K.STOP, "v", "h1"), Undo(_K.START, "v", "h1", size=_TEN)),
        (Action(1, _K.SUSPEND, "v", "h1"), Undo(_K.RESUME, "v", "h1", size=_TEN)),
        (Action(1, _K.RESIZE, "v", "h1", size={"memory_mib": 5}), Undo(_K.RESIZE, "v", "h1", size=_TEN)),
        (Action(1, _K.MIGRATE_LIVE, "v", "h1", "h3"), Undo(_K.MIGRATE_LIVE, "v", "h3", "h1")),
        (Action(1, _K.MIGRATE_COLD, "c", "h1", "h3"), Undo(_K.MIGRATE_COLD, "c", "h3", "h1")),
        (Action(1, _K.BOOT_HOST, "", "h1"), Undo(_K.SHUTDOWN_HOST, "", "h1")),
        (Action(1, _K.SHUTDOWN_HOST, "", "h1"), Undo(_K.BOOT_HOST, "", "h1")),
    ]


def _fault(action: Action, undo: Undo | None) -> str:
    return undo_fault(_CASE, replace(action, undo=undo), _TEN)


@pytest.mark.parametrize(("action", "undo"), _cases(), ids=lambda value: str(value.kind))
def test_the_inverse_is_accepted_and_everything_else_is_not(action: Action, undo: Undo) -> None:
    """Neither another kind nor another guest or host will do; to have none is always fine."""
    assert _fault(action, undo) == ""
    assert _fault(action, None) == ""
    assert all(_fault(action, replace(undo, kind=kind)) for kind in _K if kind is not undo.kind)
    assert _fault(action, replace(undo, vm_id="other")) == "undo acts on other"
    assert _fault(action, replace(undo, host_id="h4"))


def test_fencing_cannot_be_taken_back() -> None:
    """Whatever claims to do so is wrong."""
    fence = Action(1, _K.FENCE_HOST, "", "h1")
    assert all(_fault(fence, Undo(kind, "", "h1")) for kind in _K)


@pytest.mark.parametrize("kind", [_K.STOP, _K.SUSPEND, _K.RESIZE])
def test_what_gives_a_size_gives_the_one_before(kind: ActionKind) -> None:
    """The message says both."""
    action = Action(1, kind, "v", "h1")
    (undo,) = (undo for made, undo in _cases() if made.kind is kind)
    fault = _fault(action, replace(undo, size={"memory_mib": 9}))
    assert fault == "undo gives {'memory_mib': 9}; before the action it was {'memory_mib': 10}"


def test_the_way_back_of_a_migration_is_judged_by_the_hosts_it_joins() -> None:
    """From newer to older hardware nothing moves live, so a guest of a tier without cold moves cannot go back."""
    there = Action(1, _K.MIGRATE_LIVE, "v", "h1", "h2")
    assert _fault(there, Undo(_K.MIGRATE_LIVE, "v", "h2", "h1")) == (
        "undo is MIGRATE_LIVE; the way back is not permitted"
    )
    assert _fault(there, Undo(_K.MIGRATE_LIVE, "v", "h1", "h2")) == "undo goes from h1 to h2"
