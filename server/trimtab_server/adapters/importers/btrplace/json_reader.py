"""Typed access to parsed JSON: every mistake is refused with its place."""

from __future__ import annotations

import gzip
import json
import zlib
from typing import Any

from ..imported import malformed

_GZIP_MAGIC = b"\x1f\x8b"
_LONGEST_NUMBER = 18


def parse_json(raw: bytes, name: str) -> Any:
    """The JSON value in `raw`, which may be gzipped."""
    if raw.startswith(_GZIP_MAGIC):
        try:
            raw = gzip.decompress(raw)
        except (OSError, EOFError, zlib.error) as error:
            raise malformed(name, f"the gzip data is damaged: {error}", "fetch the file again") from error
    try:
        return json.loads(raw)
    except json.JSONDecodeError as error:
        place = f"{name}:{error.lineno}:{error.colno}"
        raise malformed(place, f"not JSON: {error.msg}", "give a BtrPlace instance in JSON") from error
    except ValueError as error:
        # text that is not UTF-8, or a number of thousands of digits
        raise malformed(name, f"not readable: {error}", "give a BtrPlace instance in JSON, plain or gzipped") from error
    except RecursionError as error:
        raise malformed(name, "nested too deeply", "give a BtrPlace instance in JSON") from error


def as_object(value: Any, path: str) -> dict[str, Any]:
    """`value`, which must be an object."""
    if not isinstance(value, dict):
        raise malformed(path, f"is {_shown(value)}, not an object")
    return value


def as_list(value: Any, path: str) -> list[Any]:
    """`value`, which must be a list."""
    if not isinstance(value, list):
        raise malformed(path, f"is {_shown(value)}, not a list")
    return value


def as_int(value: Any, path: str) -> int:
    """`value`, which must be a whole number."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise malformed(path, f"is {_shown(value)}, not a whole number")
    return value


def as_amount(value: Any, path: str) -> int:
    """`value`, which must be a whole number that is not negative."""
    amount = as_int(value, path)
    if amount < 0:
        raise malformed(path, f"is {amount}; amounts are not negative")
    return amount


def as_string(value: Any, path: str) -> str:
    """`value`, which must be a string."""
    if not isinstance(value, str):
        raise malformed(path, f"is {_shown(value)}, not a string")
    return value


def as_id(key: str, path: str) -> int:
    """The number in an object's key."""
    if not key.isascii() or not key.isdigit() or len(key) > _LONGEST_NUMBER:
        raise malformed(path, f'"{key}" is not the number of a VM or node')
    return int(key)


def field(value: dict[str, Any], key: str, path: str) -> Any:
    """The value of a field that must be there."""
    if key not in value:
        raise malformed(path, f'has no "{key}"')
    return value[key]


def _shown(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= 40 else text[:37] + "..."
