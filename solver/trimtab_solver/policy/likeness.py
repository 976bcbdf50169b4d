"""Names that are almost another one."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable
from typing import Final

from .omissions import named

CLOSE: Final = 0.6
"""How alike two names are that are taken for one (difflib)."""
_LEAST_PART: Final = 3
"""So many letters at the beginning of a name may stand for all of it, such as "cpu" for "cpu_milli"."""


def closest(name: str, known: Collection[str]) -> str:
    """The known name that `name` most likely means, other than itself; empty if there is none."""
    others = sorted(other for other in known if other and other != name)
    if same := [other for other in others if other.lower() == name.lower()]:
        return same[0]
    if alike := difflib.get_close_matches(name, others, n=1, cutoff=CLOSE):
        return alike[0]
    parts = [other for other in others if len(name) >= _LEAST_PART and other.lower().startswith(name.lower())]
    return parts[0] if len(parts) == 1 else ""


def suggestion(name: str, known: Iterable[str]) -> str:
    """A did-you-mean for `name`, or some of what is known."""
    names = sorted(set(known))
    close = closest(name, names)
    return f'did you mean "{close}"?' if close else f"known are {named(names)}"
