"""Faults as they are found: bounded, with suggestions for names that nothing has."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from ..errors import Fault, Reason

MAX_FAULTS = 1000
"""How many faults are kept; beyond it they are only counted."""

_MAX_SUGGESTIONS = 5
_MAX_LISTED = 10


class FaultList:
    """Collects faults in the order they are found; `most` of them, None for all."""

    def __init__(self, most: int | None = MAX_FAULTS) -> None:
        self._most = most
        self._faults: list[Fault] = []
        self._count = 0
        self._suggestions = 0

    def add(self, reason: Reason, path: str, message: str, fix: str) -> None:
        """One more fault."""
        self._count += 1
        if self._most is None or self._count <= self._most:
            self._faults.append(Fault(reason, path, message, fix))

    def add_unknown(self, path: str, subject: str, what: str, name: str, known: Iterable[str]) -> None:
        """A fault for `subject` naming a `what` called `name`, which is not among `known`."""
        message = f'{subject} names the {what} "{name}", which the snapshot does not hold'
        self.add(Reason.UNKNOWN_REFERENCE, path, message, self._suggestion(what, name, known))

    def all(self) -> list[Fault]:
        """Every fault kept, then one that says how many are not shown."""
        if self._most is None or self._count <= self._most:
            return list(self._faults)
        more = f"{self._count - self._most} more faults are not shown"
        return [
            *self._faults,
            Fault(self._faults[0].reason, "snapshot", more, "correct these first"),
        ]

    def _suggestion(self, what: str, name: str, known: Iterable[str]) -> str:
        # comparing with thousands of names takes long: only the first faults get a suggestion
        if self._suggestions < _MAX_SUGGESTIONS:
            self._suggestions += 1
            names = sorted(known)
            if close := difflib.get_close_matches(name, names, n=1):
                return f'did you mean "{close[0]}"?'
            if 0 < len(names) <= _MAX_LISTED:
                return f"known are {', '.join(names)}; add the {what} or correct the name"
        return f"add the {what} or correct the name"
