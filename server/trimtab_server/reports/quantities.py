"""Numbers in words: counts, durations, lists that are cut short."""

from __future__ import annotations

from collections.abc import Sequence


def plural(number: int, noun: str) -> str:
    """``1 host``, ``2 hosts``."""
    return f"{number} {noun}" + ("" if number == 1 else "s")


def more(number: int, noun: str) -> str:
    """``5 more hosts``; ``5 more`` of what has no noun."""
    return plural(number, f"more {noun}") if noun else f"{number} more"


def abbreviate(number: float) -> str:
    """Three digits and a unit: ``950``, ``97.1k``, ``1.16M``."""
    scaled = float(number)
    for unit in ("", "k", "M", "G"):
        # 999.5 would be written as 1000
        if scaled < 999.5:
            return f"{scaled:.3g}{unit}"
        scaled /= 1000
    return f"{scaled:.3g}T"


def spell_seconds(seconds: float) -> str:
    """A duration for people: ``0.35 s``, ``48 s``, ``4 min 07 s``."""
    if seconds < 10 and seconds != int(seconds):
        return f"{seconds:.2f} s"
    whole = round(seconds)
    if whole < 120:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    if minutes < 60:
        return f"{minutes} min {rest:02d} s"
    return f"{minutes // 60} h {minutes % 60:02d} min"


def some(names: Sequence[str], limit: int) -> str:
    """The first names and how many more there are: ``a, b and 5 more``."""
    rest = len(names) - limit
    return ", ".join(names[:limit]) + (f" and {rest} more" if rest > 0 else "")
