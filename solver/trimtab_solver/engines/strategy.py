"""Which engines work on an incumbent, in which order, for which share of the budget.

Pure: from features to slices. The numbers were tuned on the benchmarks (docs/decisions/0010, 0011 and 0012).
"""

from __future__ import annotations

from dataclasses import dataclass

from .neighbourhoods import MOST_GUESTS

EARLIER, GREEDY, SEARCH, ROOM_PRICING = "earlier", "greedy", "search", "room-pricing"
COLUMN_GENERATION, NEIGHBOURHOODS, EXACT, BOUNDS = "column-generation", "neighbourhoods", "exact", "bounds"
TUNED = frozenset({EARLIER, GREEDY, SEARCH, ROOM_PRICING, COLUMN_GENERATION, NEIGHBOURHOODS, EXACT, BOUNDS})
"""Engines that have shares here; any other gets `_NEWCOMER_SHARE`."""

EXACT_ALONE = 600
"""Up to so many placement variables the exact model decides everything at once, and needs nobody before it."""
EXACT_FIRST = 25_000
"""Up to so many placement variables the exact model comes early and gets most of the time: it proves what it finds."""
EXACT_MOST = 400_000
"""Above so many placement variables the full exact model finds nothing useful in seconds and is not built."""
_EXACT_PER_S = 20_000
"""Placement variables per second left for which building the full exact model is worth it."""
_BUILT_PER_S = 50_000
"""Placement variables per second left for which building it a second time is."""
_REFINING_SHARE = 0.25
"""Of what is left for the exact engine, or of all for the search: a second look, when it is known who cannot move."""

_SEARCH_SHARE, _EARLY_SEARCH_SHARE = 0.8, 0.15
"""Where nobody is lost that might run, or the exact engine does most: after the search come proofs and polish."""
_EARLY_SEARCH_S, _MOST_EARLY_SHARE = 0.2, 0.4
"""Where the exact engine does most, the search before it gets so many seconds, up to this share of the budget."""
_LEAST_SHARE = 1e-6
_SHARES_AT_LOSS = ((ROOM_PRICING, 0.62), (NEIGHBOURHOODS, 0.23), (SEARCH, 0.08))
_SHARES_AT_LOSS_OF_MANY = ((ROOM_PRICING, 0.82),)
"""When guests are lost that might run."""
_COLUMNS_SHARE = 0.6
_SHARES_AFTER_COLUMNS = ((NEIGHBOURHOODS, 0.15), (SEARCH, 0.15))
_SHARES_AFTER_COLUMNS_OF_MANY = ((SEARCH, 0.25),)
"""Before all that, and instead of it if that comes close, where hosts hold few guests."""
_FEW_GUESTS = 15
"""Guests per host up to which what fits together on one is decided by columns rather than one by one."""
_CLOSE = 0.1
"""So near to the bound, as a share of it, other engines than those for the later levels bring little."""
_FEW_MOVES = 0.005
"""Share of the running guests: where more may move and hosts hold many, bounds by whole hosts are no better than those
by kinds."""
_BOUNDS_SHARE = 0.1
_NEWCOMER_SHARE = 0.1


@dataclass(frozen=True, slots=True)
class Features:
    """What the choice rests on: the problem, what is known of the incumbent, and what has been done.

    `exact_size` placement variables of the exact model; `moves` that are permitted; `loss_levels` count who is lost,
    `proven_levels` lead and are known to be optimal; `gap` and `bound` are of the first other level, zero if there is
    none. `left` is the share of the budget that is left, `left_s` the seconds (all where work is counted). `asked`
    engines have had their turn, of all in `engines`.
    """

    exact_size: int
    guests: int
    hosts: int
    running: int
    moves: int
    loss_levels: int
    proven_levels: int
    gap: int
    bound: int
    left: float
    left_s: float
    is_counted: bool
    asked: tuple[str, ...]
    engines: tuple[str, ...]

    @property
    def holds_few(self) -> bool:
        """Whether hosts hold few guests."""
        return self.guests <= _FEW_GUESTS * self.hosts

    @property
    def is_many(self) -> bool:
        """Whether there are too many guests for neighbourhoods."""
        return self.guests > MOST_GUESTS

    @property
    def is_close(self) -> bool:
        """Whether the first level that is not proven is nearly as good as its bound."""
        return self.gap <= max(1.0, _CLOSE * self.bound)


@dataclass(frozen=True, slots=True)
class TimeSlice:
    """How long one engine works: its share of the whole budget."""

    engine: str
    share: float


OPENING = (TimeSlice(EARLIER, 1.0), TimeSlice(GREEDY, 1.0))
"""Always, and for as long as it takes: what everything else rests on. The earlier plan first: where others are as good
it stays."""


def next_slices(features: Features) -> tuple[TimeSlice, ...]:
    """What comes next, in order; to be asked again when all had their turn. Empty: that was all."""
    if features.asked and features.asked[-1] == COLUMN_GENERATION:
        return _after_columns(features)
    if not set(features.asked) & (TUNED - {EARLIER, GREEDY}) and (slices := _first(features)):
        return slices
    newcomers = tuple(
        TimeSlice(name, _NEWCOMER_SHARE) for name in features.engines if name not in (*TUNED, *features.asked)
    )
    if newcomers:
        return newcomers
    if EXACT not in features.asked and _is_for_exact(features):
        return (TimeSlice(EXACT, _exact_share(features)),)
    few_moves = features.moves < _FEW_MOVES * features.running
    if BOUNDS not in features.asked and (few_moves or features.holds_few):
        return (TimeSlice(BOUNDS, _BOUNDS_SHARE),)
    return ()


def refining_slice(features: Features) -> TimeSlice | None:
    """Who takes a second look when some guests cannot leave, or are not worth leaving, where a plan takes them."""
    if features.exact_size > EXACT_FIRST:
        return TimeSlice(SEARCH, _REFINING_SHARE)
    if features.left_s * _BUILT_PER_S < features.exact_size:
        return None
    return TimeSlice(EXACT, features.left)


def _first(features: Features) -> tuple[TimeSlice, ...]:
    """Who comes after the greedy repair."""
    if features.exact_size <= EXACT_ALONE:
        return ()
    if features.exact_size <= EXACT_FIRST:
        return (TimeSlice(SEARCH, _early_search_share(features)),)
    if features.proven_levels >= features.loss_levels:
        return (TimeSlice(SEARCH, _SEARCH_SHARE),)
    if features.holds_few:
        return (TimeSlice(COLUMN_GENERATION, _COLUMNS_SHARE),)
    return _at_loss(features, 1.0)


def _early_search_share(features: Features) -> float:
    """A short budget is worth more to the search: the exact engine hardly gets anywhere in it."""
    budget_s = features.left_s / max(features.left, _LEAST_SHARE)
    return max(_EARLY_SEARCH_SHARE, min(_MOST_EARLY_SHARE, _EARLY_SEARCH_S / budget_s))


def _after_columns(features: Features) -> tuple[TimeSlice, ...]:
    if features.is_close:
        return _slices(_SHARES_AFTER_COLUMNS_OF_MANY if features.is_many else _SHARES_AFTER_COLUMNS)
    return _at_loss(features, 1.0 - _COLUMNS_SHARE if features.is_counted else features.left)


def _at_loss(features: Features, left: float) -> tuple[TimeSlice, ...]:
    return _slices(_SHARES_AT_LOSS_OF_MANY if features.is_many else _SHARES_AT_LOSS, left)


def _slices(shares: tuple[tuple[str, float], ...], left: float = 1.0) -> tuple[TimeSlice, ...]:
    return tuple(TimeSlice(engine, share * left) for engine, share in shares)


def _is_for_exact(features: Features) -> bool:
    """Whether the full exact model is worth building in the time that is left."""
    if features.exact_size > EXACT_MOST:
        return False
    return features.exact_size <= EXACT_FIRST or features.left_s * _EXACT_PER_S > features.exact_size


def _exact_share(features: Features) -> float:
    """All that is left, but for a second look; where work is counted each of the two gets as much as the budget."""
    return 1.0 if features.is_counted else (1.0 - _REFINING_SHARE) * features.left
