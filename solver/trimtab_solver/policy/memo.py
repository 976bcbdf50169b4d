"""Answers that are kept as long as what they were made from stays the same."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping
from typing import Any, TypeVar

T = TypeVar("T")

_About = dict[Hashable, tuple[Any, frozenset[str]]]
"""Answers by question, each with what it depends on."""

EVERYTHING = "*"
"""Stands for every variable there is: an answer that depends on it is made again whenever anything has changed."""


class Memo:
    """Each question is answered once. An answer depends on the variables noted while it was made.

    Questions are about something, such as a document: what is known of it stays or goes as a whole.
    """

    def __init__(self, known: Mapping[Hashable, _About] | None = None) -> None:
        self._known = dict(known or {})
        self._noted: set[str] = set()

    def note(self, variables: Iterable[str]) -> None:
        """The answer that is being made depends on these."""
        self._noted.update(variables)

    def recorded(self, make: Callable[[], T]) -> tuple[T, frozenset[str]]:
        """What `make` gives, and all that it depends on."""
        outer, self._noted = self._noted, set()
        try:
            return make(), frozenset(self._noted)
        finally:
            outer |= self._noted
            self._noted = outer

    def ask(self, about: Hashable, question: Hashable, make: Callable[[], T]) -> T:
        """The answer that is known, or the one that `make` gives."""
        known = self._known.setdefault(about, {})
        if question not in known:
            known[question] = self.recorded(make)
        found, variables = known[question]
        self._noted |= variables
        answer: T = found
        return answer

    def stale(self, changed: frozenset[str]) -> frozenset[Hashable]:
        """What some answer is about that depends on a changed variable."""
        return frozenset(
            about
            for about, known in self._known.items()
            if not all(is_current(variables, changed) for _, variables in known.values())
        )

    def without(self, stale: frozenset[Hashable]) -> Memo:
        """The answers that are about something else."""
        return Memo({about: dict(known) for about, known in self._known.items() if about not in stale})


def is_current(variables: frozenset[str], changed: frozenset[str]) -> bool:
    """Whether what depends on these variables is still true when the others have changed."""
    return not changed or (EVERYTHING not in variables and variables.isdisjoint(changed))
