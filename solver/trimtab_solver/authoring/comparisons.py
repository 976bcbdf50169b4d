"""What an expression compares its variables with: read off its tokens, for checks that need no cluster."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from ..policy.expressions import Reference, tokens_of
from ..policy.variables import VARIABLES, ExpressionScope, Shape

_REMEMBERED: Final = 1024
_TEXT: Final = r"""(?:'[^'\\]*'|"[^"\\]*")"""
_MEMBER: Final = (
    r"(?P<variable>(?:vm|host|pool|event) \. \w+)"
    rf"(?: \. (?:\? )?(?P<key>\w+)(?! \()| \[ (?:\? )?(?P<quoted>{_TEXT}) \])?"
    rf"(?: \. orValue \( (?P<instead>{_TEXT}|\d+) \))?"
)
_EQUAL: Final = r"[=!] ="
_ORDER: Final = r"(?:[=!<>] =|<|>)"
# texts are compared for equality only: an order among texts tells more guests apart than the literals do
_COMPARED: Final = re.compile(rf"{_MEMBER} (?:{_EQUAL} (?P<text>{_TEXT})|{_ORDER} (?P<number>(?:- )?\d+)(?! [.\w]))")
_REVERSED: Final = re.compile(rf"(?:(?P<text>{_TEXT}) {_EQUAL}|(?<![\w.] )(?P<number>(?:- )?\b\d+) {_ORDER}) {_MEMBER}")
_LISTED: Final = re.compile(rf"{_MEMBER} in \[ (?P<values>{_TEXT}(?: , {_TEXT})*(?: ,)?) \]")
_CONTAINED: Final = re.compile(rf"(?P<value>{_TEXT}) in (?P<variable>(?:vm|host|pool|event) \. \w+)(?! \. \w)")
_TESTED: Final = re.compile(rf"has \( {_MEMBER} \)")
_STRING: Final = re.compile(_TEXT)
_LOGIC: Final = re.compile(r"(?:true|false|& &|\| \||[!()?:]| )*")
"""What may be left of an expression once its comparisons are taken out."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """One literal that a variable (or one key of a map) is compared with, or that is looked for in a list or map."""

    reference: Reference
    value: str | int


@lru_cache(maxsize=_REMEMBERED)
def comparisons_in(source: str, scope: ExpressionScope) -> tuple[Comparison, ...]:
    """Every comparison with a literal that can be told from the tokens; others are passed over."""
    return tuple(_comparisons_in(source, scope))


def _comparisons_in(source: str, scope: ExpressionScope) -> Iterator[Comparison]:
    text = " ".join(_spread_out(tokens_of(source)))
    for pattern in (_COMPARED, _REVERSED):
        for found in pattern.finditer(text):
            yield from _comparison(found, scope, _literal(found["text"] or found["number"]))
    for found in _LISTED.finditer(text):
        for value in _STRING.findall(found["values"]):
            yield from _comparison(found, scope, _literal(value))
    for found in _CONTAINED.finditer(text):
        variable = VARIABLES[scope].get(found["variable"].replace(" ", ""))
        if variable is not None and variable.shape is Shape.STRINGS:
            yield Comparison(Reference(variable.name), _literal(found["value"]))


@lru_cache(maxsize=_REMEMBERED)
def is_understood(source: str) -> bool:
    """Whether every use of a variable is a comparison that `comparisons_in` sees, or a test for a key.

    Then only the literals that it names can tell one guest, host or event from another.
    """
    text = " ".join(_spread_out(tokens_of(source)))
    for pattern in (_LISTED, _COMPARED, _REVERSED, _CONTAINED, _TESTED):
        text = pattern.sub("true", text)
    return _LOGIC.fullmatch(text) is not None


def _spread_out(tokens: tuple[str, ...]) -> Iterator[str]:
    """The tokens, numbers in one piece."""
    number = ""
    for token in tokens:
        if len(token) == 1 and token.isdigit():
            number += token
            continue
        if number:
            yield number
            number = ""
        yield token
    if number:
        yield number


def _literal(text: str) -> str | int:
    return text[1:-1] if text[0] in "'\"" else int(text.replace(" ", ""))


def _comparison(found: re.Match[str], scope: ExpressionScope, value: str | int) -> Iterator[Comparison]:
    name = found["variable"].replace(" ", "")
    variable = VARIABLES[scope].get(name)
    if variable is None or variable.shape is Shape.STRINGS:
        return
    key = found["key"] or (found["quoted"][1:-1] if found["quoted"] else None)
    if variable.shape.is_map != (key is not None):
        return
    yield Comparison(Reference(name, key), value)
    if (instead := found["instead"]) is not None:
        yield Comparison(Reference(name, key), _literal(instead))
