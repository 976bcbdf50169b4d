"""Kinds of actions and their traits."""

from __future__ import annotations

import pytest

from trimtab_solver.actions import ActionKind, Motion, Subject

_BACK = {
    Motion.ARRIVES: Motion.DEPARTS,
    Motion.DEPARTS: Motion.ARRIVES,
    Motion.MOVES: Motion.MOVES,
    Motion.STAYS: Motion.STAYS,
}


@pytest.mark.parametrize("kind", ActionKind)
def test_what_takes_an_action_back_acts_on_the_same_and_the_other_way_round(kind: ActionKind) -> None:
    """The undo of an arrival is a departure, of a move a move; and the undo of the undo is the kind itself."""
    back = kind.traits.undone_by
    if back is None:
        assert kind is ActionKind.FENCE_HOST, "a host that was fenced cannot be brought back; all else can"
        return
    assert back.traits.subject is kind.traits.subject
    assert back.traits.motion is _BACK[kind.traits.motion]
    assert back.traits.undone_by is kind


@pytest.mark.parametrize("kind", ActionKind)
def test_traits_fit_each_other(kind: ActionKind) -> None:
    """A host neither moves nor has a size; a guest that arrives is down until then and is told its size."""
    traits = kind.traits
    if traits.subject is Subject.HOST:
        assert (traits.motion, traits.is_down, traits.carries_size) == (Motion.STAYS, False, False)
    if traits.motion is Motion.ARRIVES:
        assert (traits.is_down, traits.carries_size) == (True, True)
    if traits.motion is Motion.DEPARTS:
        assert (traits.is_down, traits.carries_size) == (True, False)
