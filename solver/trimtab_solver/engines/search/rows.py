"""The layout that tables, states and kernels share: records per guest, host and group, and planes of matrices.

Few arrays with many fields, because a kernel that passes seventy arrays to the next spends its time on that, and takes
minutes to compile.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from ...primitives.encoding import Ints

Floats = npt.NDArray[np.float64]
Records = npt.NDArray[Any]
"""An array of one of the record types below."""
Whole = int | np.int64
"""What kernels count with. Literals are passed to kernels as ``np.int64(...)``: numba would compile one for each."""

NOWHERE: Final = -1

FLOOR, UPPER, HOLD, BACKED = range(4)
"""Planes of `Tables.sizes` [V, 4, R]: least and full size, what a moved guest leaves behind, and 1 if backed."""
SHARED, SINGLE, LIMIT, CEILING = range(4)
"""Planes of `Tables.rooms` [H, 4, R]: load per unit of a guest that shares (`SHARED` + `BACKED` = `SINGLE`), limits."""
USED, FULL, LEFT = range(3)
"""Planes of `State.load` [H, 3, R] and `State.scratch` [3, R]: at floors, full sizes, left behind by moved guests."""
DOWN, MOVED = range(2)
"""Rows of `State.lists` [2, V]: guests that are down, guests that run elsewhere than at the start."""
ABOVE, RATIO, PEAK = range(3)
"""Kinds of balance terms."""
BRING_UP, HOME, SWAP, CHAIN, TRADE, FELLOW, CROWDED, PEER = range(8)
"""Shares of proposals: see `anneal`."""
MOST_MILLE: Final = 4000
"""Peaks are counted up to four times full."""

GUEST = np.dtype(
    [
        ("current", "i8"),
        ("kind", "i8"),
        ("tier", "i8"),
        ("app", "i8"),
        ("fellow", "i8"),
        ("by_size", "i8"),
        ("sized", "i8"),
        ("unary_row", "i8"),
        ("wish_cost", "f8"),
        ("first_wish", "i8"),
        ("last_wish", "i8"),
        ("first_member", "i8"),
        ("last_member", "i8"),
        ("down_cost", "f8"),
        ("stop_cost", "f8"),
        ("move_cost", "f8"),
        ("may_be_down", "i8"),
        ("may_move", "i8"),
        ("live", "i8"),
        ("cold", "i8"),
        ("exempt", "i8"),
    ],
    align=True,
)
WISH = np.dtype([("host", "i8"), ("energy", "f8")], align=True)
HOST = np.dtype([("generation", "i8"), ("pair_class", "i8"), ("boot_cost", "f8"), ("receives", "i8")], align=True)
TERM = np.dtype([("kind", "i8"), ("left", "i8"), ("right", "i8"), ("target", "i8"), ("weight", "f8")], align=True)
SHRINK = np.dtype([("tier", "i8"), ("weight", "f8")], align=True)
OPTIONS = np.dtype(
    [
        ("inherited_weight", "f8"),
        ("app_weight", "f8"),
        ("app_limit", "i8"),
        ("budget", "i8"),
        ("is_rigid", "i8"),
        ("has_transient", "i8"),
        ("has_peaks", "i8"),
    ],
    align=True,
)
GROUP = np.dtype(
    [
        ("kind", "i8"),
        ("level", "i8"),
        ("number", "i8"),
        ("must", "i8"),
        ("weight", "f8"),
        ("offset", "i8"),
        ("width", "i8"),
        ("survives", "i8"),
        ("at_start", "i8"),
    ],
    align=True,
)
MEMBER = np.dtype([("group", "i8"), ("side", "i8"), ("demand", "i8")], align=True)

GUEST_STATE = np.dtype(
    [
        ("place", "i8"),
        ("energy", "f8"),
        ("after", "i8"),
        ("before", "i8"),
        ("move_price", "f8"),
        ("stop_price", "f8"),
    ],
    align=True,
)
HOST_STATE = np.dtype([("energy", "f8"), ("guests", "i8"), ("head", "i8")], align=True)
GROUP_STATE = np.dtype([("used", "i8"), ("running", "i8"), ("breach", "i8")], align=True)
TOTALS = np.dtype(
    [("energy", "f8"), ("counted", "i8"), ("app_most", "i8"), ("room_price", "f8")],
    align=True,
)


class Tables(NamedTuple):
    """What a search does not change: all arrays are read-only.

    Shapes: V guests, H hosts, R resources, C classes of guests, K classes of hosts, B balance terms.

    `guests` GUEST [V] (`fellow`: another member of the first group that a guest is in, all in a ring; -1: in none;
    `by_size`: its place among guests by size; ``guests[i].sized``: the guest at place i),
    `sizes` [V, 4, R], `hosts` HOST [H], `rooms` [H, 4, R], `held` (by guests on their way) [H, R],
    `mask` [C, H] (a guest may arrive), `unary` [., H] (energy of a guest there; row `unary_row`, -1: all zero),
    `wishes` WISH (what the wishes of a guest cost on the hosts that they list, ascending, from `first_wish` to before
    `last_wish`; elsewhere they cost `wish_cost`), `pair` [K, K] (energy of a move between hosts), `transient` [R],
    `terms` TERM and `threshold` [B, H] (balance), `shrink`
    SHRINK in the order in which tiers give, the fields of `group_rows.GroupRows`, `options` OPTIONS [1].
    `stop_cost` and `move_cost` of a guest are what its prices are in a state that is given no others.
    """

    guests: Records
    sizes: Ints
    hosts: Records
    rooms: Ints
    held: Ints
    mask: npt.NDArray[np.uint8]
    unary: Floats
    wishes: Records
    pair: Floats
    transient: npt.NDArray[np.uint8]
    terms: Records
    threshold: Ints
    shrink: Records
    groups: Records
    domain: Ints
    start: npt.NDArray[np.int32]
    members: Records
    shares: Ints
    options: Records


class State(NamedTuple):
    """What a search changes.

    `guest` GUEST_STATE [V] (with its prices, see `Prices`), `host` HOST_STATE [H] (`after`, `before` and `head` chain
    the guests of each host), `load` [H, 3, R], `slack` (what guests may give up) [H, T, R] (one element when nobody
    may), `counts` and `group` (GROUP_STATE) of the groups, `asked` (of headroom, per row of `Tables.shares`), `lists`
    [2, V] of guests that are down and moved, `lengths` [2] of them, `listed` [2, V] (a guest's place in each, -1: not
    in it), `app_moved` and `app_counted` (those that count against the limit) per application, `app_sizes` (how many
    applications have so many moved guests), `peak_counts` [B, 4001] and `peak_most` [B], `totals` TOTALS [1]
    (`room_price`: see `Prices`), `wanted` [R], `scratch` [3, R], `random` [1].
    """

    guest: Records
    host: Records
    load: Ints
    slack: Ints
    counts: npt.NDArray[np.int32]
    group: Records
    asked: Ints
    lists: Ints
    listed: Ints
    lengths: Ints
    app_moved: Ints
    app_counted: Ints
    app_sizes: Ints
    peak_counts: Ints
    peak_most: Ints
    totals: Records
    wanted: Floats
    scratch: Ints
    random: npt.NDArray[np.uint64]


class Prices(NamedTuple):
    """What a search sets besides the weights of the levels, and may change on its way.

    `move` and `stop` [V] are what it costs to move a guest live and to stop it; `room` is what free room for a whole
    guest of the size `wanted` [R] is worth on a host.
    """

    move: Floats
    stop: Floats
    room: float
    wanted: Floats
