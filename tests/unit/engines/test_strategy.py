"""Who works when: features on the left, slices on the right, and no engine runs."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from trimtab_solver.engines import ENGINES
from trimtab_solver.engines.strategy import OPENING, TUNED, Features, next_slices, refining_slice

_OPENED = tuple(time_slice.engine for time_slice in OPENING)
_NAMES = tuple(engine.name for engine in ENGINES)

_LARGE = Features(
    exact_size=500_000,
    guests=2_500,
    hosts=100,
    running=2_400,
    moves=2_500,
    loss_levels=3,
    proven_levels=1,
    gap=9,
    bound=20,
    left=1.0,
    left_s=math.inf,
    is_counted=True,
    asked=_OPENED,
    engines=_NAMES,
)
"""Many guests per host, losses that are not proven, and no limit that binds."""
_FEW = replace(_LARGE, guests=1_000)
"""Ten guests per host."""
_AFTER_COLUMNS = replace(_FEW, asked=(*_OPENED, "column-generation"))
_HUGE = replace(_LARGE, guests=50_000, hosts=1_000)

_BY_HAND = {
    "a small model decides everything alone": (
        replace(_LARGE, exact_size=600),
        (("exact", 1.0),),
    ),
    "a larger one after a short search": (
        replace(_LARGE, exact_size=601),
        (("search", 0.15),),
    ),
    "which has more of a short budget": (
        replace(_LARGE, exact_size=601, is_counted=False, left=0.5, left_s=0.5),
        (("search", 0.2),),
    ),
    "but not most of it": (
        replace(_LARGE, exact_size=601, is_counted=False, left=1.0, left_s=0.1),
        (("search", 0.4),),
    ),
    "and then the model comes": (
        replace(_LARGE, exact_size=25_000, asked=(*_OPENED, "search")),
        (("exact", 1.0),),
    ),
    "which leaves time for a second look where the clock counts": (
        replace(_LARGE, exact_size=25_000, asked=(*_OPENED, "search"), is_counted=False, left=0.8, left_s=8.0),
        (("exact", 0.75 * 0.8),),
    ),
    "without open losses the search alone": (
        replace(_LARGE, proven_levels=3),
        (("search", 0.8),),
    ),
    "room is sold where guests are lost": (
        _LARGE,
        (("room-pricing", 0.62), ("neighbourhoods", 0.23), ("search", 0.08)),
    ),
    "and is all that happens where there are too many guests": (
        _HUGE,
        (("room-pricing", 0.82),),
    ),
    "hosts that hold few guests are filled by column generation": (
        _FEW,
        (("column-generation", 0.6),),
    ),
    "after which the others get what is left": (
        _AFTER_COLUMNS,
        (("room-pricing", 0.62 * 0.4), ("neighbourhoods", 0.23 * 0.4), ("search", 0.08 * 0.4)),
    ),
    "by the clock, if it counts": (
        replace(_AFTER_COLUMNS, is_counted=False, left=0.5, left_s=5.0),
        (("room-pricing", 0.62 * 0.5), ("neighbourhoods", 0.23 * 0.5), ("search", 0.08 * 0.5)),
    ),
    "unless that came close to the bound": (
        replace(_AFTER_COLUMNS, gap=2),
        (("neighbourhoods", 0.15), ("search", 0.15)),
    ),
    "also of many guests": (
        replace(_AFTER_COLUMNS, guests=40_000, hosts=4_000, gap=2),
        (("search", 0.25),),
    ),
    "a model that is too large is not built": (
        replace(_LARGE, exact_size=400_001, asked=(*_OPENED, "room-pricing")),
        (),
    ),
    "nor one for which there is no time": (
        replace(_LARGE, exact_size=60_000, asked=(*_OPENED, "search"), is_counted=False, left=0.3, left_s=3.0),
        (),
    ),
    "bounds by whole hosts where few may move": (
        replace(_LARGE, moves=11, asked=(*_OPENED, "room-pricing")),
        (("bounds", 0.1),),
    ),
    "or where hosts hold few guests": (
        replace(_FEW, asked=(*_OPENED, "column-generation", "search")),
        (("bounds", 0.1),),
    ),
    "and then that was all": (
        replace(_FEW, asked=(*_OPENED, "column-generation", "search", "bounds")),
        (),
    ),
    "an engine without a share of its own comes before the model": (
        replace(_LARGE, exact_size=600, engines=(*_NAMES, "new")),
        (("new", 0.1),),
    ),
    "once": (
        replace(_LARGE, exact_size=600, engines=(*_NAMES, "new"), asked=(*_OPENED, "new")),
        (("exact", 1.0),),
    ),
}


@pytest.mark.parametrize(("features", "slices"), _BY_HAND.values(), ids=_BY_HAND.keys())
def test_what_comes_next(features: Features, slices: tuple[tuple[str, float], ...]) -> None:
    """The engines and their shares, in order."""
    found = next_slices(features)
    assert [time_slice.engine for time_slice in found] == [engine for engine, _ in slices]
    assert [time_slice.share for time_slice in found] == pytest.approx([share for _, share in slices])


@pytest.mark.parametrize(
    ("features", "engine"),
    [
        (_LARGE, "search"),
        (replace(_LARGE, exact_size=25_000), "exact"),
        (replace(_LARGE, exact_size=25_000, is_counted=False, left=0.1, left_s=1.0), "exact"),
        (replace(_LARGE, exact_size=25_000, is_counted=False, left=0.04, left_s=0.4), None),
    ],
)
def test_who_takes_a_second_look(features: Features, engine: str | None) -> None:
    """The model again, if there is time to build it; beyond it the search."""
    time_slice = refining_slice(features)
    assert (None if time_slice is None else time_slice.engine) == engine


def test_every_engine_has_a_share() -> None:
    """The strategy names the engines that there are, no others."""
    assert frozenset(_NAMES) == TUNED
