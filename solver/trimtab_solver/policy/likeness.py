"""Known names: those that a glob means, and the one that a misspelt name most likely means."""

from __future__ import annotations

import difflib
import re
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence
from fnmatch import fnmatchcase
from itertools import islice
from typing import Final

from .omissions import named

CLOSE: Final = 0.6
"""How alike two names are that are taken for one (difflib)."""
_LEAST_PART: Final = 3
"""So many letters at the beginning of a name may stand for all of it, such as "cpu" for "cpu_milli"."""
_FEW: Final = 64
"""So many names are compared one by one; of more, those that one letter can be left out of to get the same."""
_MANY: Final = 20_000
"""Of more names none is suggested."""
_LISTED: Final = 20
"""So many names are listed; of more, the first few."""
_LONG: Final = 40
"""Of longer names none is suggested when there are many."""

_PLAIN: Final = re.compile(r"[^*?\[]*")
"""How a glob begins."""


def matching(glob: str, names: Sequence[str]) -> Iterator[str]:
    """The names that the glob matches, of sorted `names`: only those that begin as it does are looked at."""
    plain = _PLAIN.match(glob)
    start = plain[0] if plain else ""
    for i in range(bisect_left(names, start), len(names)):
        if not names[i].startswith(start):
            return
        if fnmatchcase(names[i], glob):
            yield names[i]


class Spelling:
    """Known names. What is asked costs the same however many there are."""

    def __init__(self, known: Iterable[str]) -> None:
        self._known = sorted({name for name in known if name})
        self._by_case: dict[str, list[str]] = {}
        for name in self._known:
            self._by_case.setdefault(name.lower(), []).append(name)
        self._lower = sorted(self._by_case)
        self._without_letter: dict[str, list[str]] | None = None

    def nearest(self, name: str, alike: float = CLOSE, may_be: Callable[[str], bool] = lambda _: True) -> str:
        """The known name that is most like `name`, of those that it `may_be`; empty when none is."""
        near = [one for one in self._candidates(name) if may_be(one)]
        return next(iter(difflib.get_close_matches(name, near, n=1, cutoff=alike)), "")

    def in_other_case(self, name: str) -> str:
        """The known name that differs in capitals only; empty when there is none."""
        return next((one for one in self._by_case.get(name.lower(), ()) if one != name), "")

    def closest(self, name: str) -> str:
        """The known name that `name` most likely means, other than itself; empty if there is none."""
        if same := self.in_other_case(name):
            return same
        return self.nearest(name, may_be=lambda other: other != name) or self._whole(name)

    def suggestion(self, name: str) -> str:
        """A did-you-mean for `name`, or the first of what is known."""
        close = self.closest(name)
        return f'did you mean "{close}"?' if close else f"known are {self.listed()}"

    def _whole(self, part: str) -> str:
        """The one name that begins with the part."""
        start = part.lower()
        at = bisect_left(self._lower, start)
        found = [name for name in self._lower[at : at + 2] if name.startswith(start)]
        return self._by_case[found[0]][0] if len(part) >= _LEAST_PART and len(found) == 1 else ""

    def listed(self) -> str:
        """What is known, or the first of it."""
        return ", ".join(self._known) if len(self._known) <= _LISTED else named(self._known)

    def _candidates(self, name: str) -> Iterable[str]:
        if len(self._known) <= _FEW:
            return self._known
        if len(self._known) > _MANY or len(name) > _LONG:
            return ()
        if self._without_letter is None:
            self._without_letter = {}
            for one in self._known:
                for less in _without_letter(one) if len(one) <= _LONG else ():
                    self._without_letter.setdefault(less, []).append(one)
        found = (one for less in _without_letter(name) for one in self._without_letter.get(less, ()))
        return dict.fromkeys(islice(found, _FEW))


def _without_letter(name: str) -> Iterator[str]:
    """The name, and what it is without each of its letters."""
    yield name
    yield from (name[:i] + name[i + 1 :] for i in range(len(name)))


def closest(name: str, known: Iterable[str]) -> str:
    """As `Spelling.closest`, for who asks once."""
    return Spelling(known).closest(name)


def suggestion(name: str, known: Iterable[str]) -> str:
    """As `Spelling.suggestion`, for who asks once."""
    return Spelling(known).suggestion(name)
