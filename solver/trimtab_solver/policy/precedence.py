"""Which tier a guest belongs to when several select it: only what a tier says it overrides decides."""

from __future__ import annotations

from collections.abc import Iterable, Mapping


def overridden(overrides: Mapping[str, Iterable[str]]) -> dict[str, frozenset[str]]:
    """The tiers that each tier overrides, directly or through others; one in a circle overrides itself."""
    found: dict[str, frozenset[str]] = {}
    for name in overrides:
        seen: set[str] = set()
        pending = list(overrides[name])
        while pending:
            other = pending.pop()
            if other not in seen:
                seen.add(other)
                pending.extend(overrides.get(other, ()))
        found[name] = frozenset(seen)
    return found


def prevailing(names: Iterable[str], below: Mapping[str, frozenset[str]]) -> str | None:
    """The one of the tiers that overrides all others of them; None if there is none. `below` as from `overridden`."""
    rivals = set(names)
    return next((name for name in sorted(rivals) if rivals - {name} <= below[name]), None)
