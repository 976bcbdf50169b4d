"""Conditions that only compare texts, evaluated without the CEL library, which takes thirty times as long for each.

A condition is a list of alternatives (``||``) of parts (``&&``), without brackets. A part asks of one text whether it
is another, one of several, or begins with, ends with or contains it. Where all texts that it reads are there, such a
condition cannot fail, and the logic of CEL is the usual one; where one is missing, or a condition says anything else,
the library is asked.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from .variables import VARIABLES, ExpressionScope, Shape

Texts = Mapping[tuple[str, str | None], str]
"""Per variable and key (None for a variable that is a text itself) the text that is there."""
Condition = Callable[[Texts], bool]

_TEXT: Final = r"""(?:'[^'\\\n]*'|"[^"\\\n]*")"""
_TEXTS: Final = frozenset({Shape.STRING, Shape.STRING_MAP})
_PART: Final = re.compile(
    rf"""\s*(?P<no>!)?
    (?P<variable>(?:vm|host|pool)\.[a-z_]+)(?:\.(?P<key>[A-Za-z_]\w*)|\[(?P<quoted>{_TEXT})\])??
    (?:\s*(?P<equal>==|!=)\s*(?P<text>{_TEXT})
      |\s+in\s*\[\s*(?P<texts>{_TEXT}(?:\s*,\s*{_TEXT})*)\s*\]
      |\.(?P<asks>startsWith|endsWith|contains)\(\s*(?P<piece>{_TEXT})\s*\))\s*""",
    re.VERBOSE | re.ASCII,
)
_LITERAL: Final = re.compile(_TEXT)
_ASKS: Final[Mapping[str, Callable[[str, str], bool]]] = {
    "startsWith": str.startswith,
    "endsWith": str.endswith,
    "contains": str.__contains__,
}


@dataclass(frozen=True, slots=True)
class _Part:
    """One question about one text, and whether the answer is turned round."""

    reads: tuple[str, str | None]
    asks: Callable[[str], bool]
    is_negated: bool

    def holds(self, texts: Texts) -> bool:
        return self.asks(texts[self.reads]) is not self.is_negated


def text_condition(source: str, scope: ExpressionScope) -> Condition | None:
    """What a condition over `scope` says, if it only compares texts. The source is one that compiles."""
    alternatives: list[list[_Part]] = [[]]
    at = 0
    while True:
        found = _PART.match(source, at)
        part = None if found is None else _part(found, scope)
        if found is None or part is None:
            return None
        alternatives[-1].append(part)
        at = found.end()
        match source[at : at + 2]:
            case "":
                return _joined(alternatives)
            case "&&":
                at += 2
            case "||":
                alternatives.append([])
                at += 2
            case _:
                return None


def _part(found: re.Match[str], scope: ExpressionScope) -> _Part | None:
    variable = VARIABLES[scope].get(found["variable"])
    key = found["quoted"][1:-1] if found["quoted"] else found["key"]
    if variable is None or variable.shape not in _TEXTS or variable.shape.is_map is (key is None):
        return None
    reads = (variable.name, key)
    if found["asks"]:
        ask, piece = _ASKS[found["asks"]], found["piece"][1:-1]
        return _Part(reads, lambda text: ask(text, piece), found["no"] is not None)
    if found["no"]:
        return None
    if found["texts"]:
        texts = frozenset(text[1:-1] for text in _LITERAL.findall(found["texts"]))
        return _Part(reads, texts.__contains__, is_negated=False)
    wanted = found["text"][1:-1]
    return _Part(reads, lambda text: text == wanted, found["equal"] == "!=")


def _joined(alternatives: list[list[_Part]]) -> Condition:
    if len(alternatives) == len(alternatives[0]) == 1:
        return alternatives[0][0].holds
    return lambda texts: any(all(part.holds(texts) for part in parts) for parts in alternatives)
