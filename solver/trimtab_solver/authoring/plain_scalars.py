"""What unquoted scalars mean in the core schema of YAML 1.2."""

from __future__ import annotations

import math
import re
from typing import Any, Final

_NULL = re.compile(r"null|Null|NULL|~|")
_TRUE = re.compile(r"true|True|TRUE")
_FALSE = re.compile(r"false|False|FALSE")
_INT = re.compile(r"[-+]?[0-9]{1,18}|0o[0-7]{1,18}|0x[0-9a-fA-F]{1,15}")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_INFINITE = re.compile(r"([-+]?)\.(?:inf|Inf|INF)")

UNREADABLE: Final = object()
"""A number that has no value here: infinite, or not one at all."""


def plain_value(text: str) -> Any:
    """What an unquoted scalar means in the YAML 1.2 core schema."""
    if _NULL.fullmatch(text):
        return None
    if _TRUE.fullmatch(text):
        return True
    if _FALSE.fullmatch(text):
        return False
    if _INT.fullmatch(text):
        return int(text, 0) if text[:2] in ("0o", "0x") else int(text)
    if _FLOAT.fullmatch(text):
        number = float(text)
        return number if math.isfinite(number) and not text.lstrip("+-").isdigit() else UNREADABLE
    if _INFINITE.fullmatch(text) or text in (".nan", ".NaN", ".NAN"):
        return UNREADABLE
    return text
