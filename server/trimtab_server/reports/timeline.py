"""A plan over time, as bars: of its actions while they are few, else of what its waves do."""

from __future__ import annotations

from collections.abc import Iterator

from trimtab_solver.actions import Action, Motion, Plan

from .model import Bar, BarKind, Timeline
from .phrases import describe_action
from .waves import Wave, count_done, waves_of

_MOST = 80
"""So many bars fit on a page or two."""
_GUESTS = {
    Motion.ARRIVES: BarKind.ARRIVAL,
    Motion.DEPARTS: BarKind.DEPARTURE,
    Motion.MOVES: BarKind.MOVE,
    Motion.STAYS: BarKind.RESIZE,
}


def timeline_of(plan: Plan) -> Timeline:
    """One bar per action, in the order of execution; of a long plan one per wave and kind."""
    waves = waves_of(plan.actions)
    if len(plan.actions) <= _MOST:
        bars = [_of_action(action) for wave in waves for action in wave.actions]
    else:
        bars = [bar for wave in waves for bar in _of_wave(wave)]
    noun = "action" if len(plan.actions) <= _MOST else "bar"
    return Timeline(tuple(bars[:_MOST]), plan.makespan_s, noun, max(0, len(bars) - _MOST))


def _of_action(action: Action) -> Bar:
    start = action.earliest_start_s
    return Bar(f"{action.id} {describe_action(action)}", start, start + action.duration_s, _kind(action))


def _of_wave(wave: Wave) -> Iterator[Bar]:
    for kind in BarKind:
        if actions := tuple(action for action in wave.actions if _kind(action) is kind):
            part = Wave(wave.number, actions)
            yield Bar(f"wave {wave.number}: {count_done(actions)}", part.start_s, part.end_s, kind)


def _kind(action: Action) -> BarKind:
    return BarKind.HOST if action.kind.acts_on_host else _GUESTS[action.kind.traits.motion]
