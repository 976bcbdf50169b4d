"""Where things stand in charts, and how they look; `charts.html.j2` draws them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from .model import BarKind, HeatMap, HeatMapHost, Tile, Timeline
from .quantities import plural

_NAMED: Final = 240
"""So many hosts have names and numbers on their tiles; of more, tiles are small, and told when pointed at."""
_HOT: Final = 10
_STEPS: Final = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 43_200, 86_400)
_TICKS: Final = 8


def heat_of(tile: Tile) -> str:
    """The colour: ``heat-0`` to ``heat-10`` by tenths, ``heat-over`` beyond, ``off`` where there is no room to give."""
    if tile.percent is None:
        return "off"
    return "heat-over" if tile.percent > 100 else f"heat-{tile.percent * _HOT // 100}"


def is_dense(heat_map: HeatMap) -> bool:
    """Whether tiles are too many for words on them."""
    return sum(len(hosts) for _, hosts in heat_map.domains) > _NAMED


def describe_tile(host: HeatMapHost, tile: Tile, resource: str) -> str:
    """All that a tile stands for: ``h1, draining: 45 % of memory (57.6 GiB of 128 GiB), 3 guests``."""
    state = f", {tile.state}" if tile.state else ""
    given = f"{tile.percent} % of {resource} ({tile.amount})" if tile.percent is not None else f"no {resource} to give"
    return f"{host.host_id}{state}: {given}, {plural(tile.guests, 'guest')}"


def ticks(end: int) -> Sequence[int]:
    """Round seconds from 0 to the end, few enough to be read."""
    step = next((one for one in _STEPS if one * _TICKS >= end), -(-end // _TICKS))
    return range(0, end + 1, step)


def share(part: int, whole: int) -> str:
    """A share in percent as a style has it."""
    return f"{100 * part / whole:.2f}%" if whole else "0%"


def kinds_in(timeline: Timeline) -> Iterator[BarKind]:
    """The kinds of its bars, each once."""
    present = {bar.kind for bar in timeline.bars}
    return (kind for kind in BarKind if kind in present)
