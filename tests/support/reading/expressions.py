"""As much CEL as the policies of the tests use, by patterns."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from typing import Any

_COMPARE: Mapping[str, Callable[[Any, Any], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_COMPARISON = re.compile(r"^(?P<path>[a-z_.]+) (?P<operator>==|!=|<=|>=|<|>) (?P<literal>\d+|\"[^\"]*\"|'[^']*')$")
_MEMBERSHIP = re.compile(r"^(?P<literal>\"[^\"]*\"|'[^']*') in (?P<path>[a-z_.]+)$")
_PATH = re.compile(r"^[a-z_.]+$")


def holds(expression: str, **names: object) -> bool:
    """Whether a condition holds, with objects for the names in it.

    Raises
    ------
    NotImplementedError
        When it is none of the forms above.
    """
    if expression in ("true", "false"):
        return expression == "true"
    if found := _COMPARISON.match(expression):
        return _COMPARE[found["operator"]](_value(found["path"], names), _literal(found["literal"]))
    if found := _MEMBERSHIP.match(expression):
        return _literal(found["literal"]) in _value(found["path"], names)
    raise NotImplementedError(f"the second reading knows no such condition: {expression}")


def text_of(expression: str, **names: object) -> str:
    """The text that an expression such as `vm.labels.app` gives."""
    if not _PATH.match(expression):
        raise NotImplementedError(f"the second reading knows no such text: {expression}")
    return str(_value(expression, names))


def _value(path: str, names: Mapping[str, object]) -> Any:
    first, *rest = path.split(".")
    value: Any = names[first]
    for part in rest:
        value = value[part] if isinstance(value, Mapping) else getattr(value, part)
    return value


def _literal(text: str) -> int | str:
    return text[1:-1] if text[0] in "\"'" else int(text)
