"""YAML of what is JSON elsewhere."""

from __future__ import annotations

import json
from typing import Any

import yaml


def yaml_of(json_text: str) -> str:
    """The same structure as YAML, keys in the same order.

    Where some character cannot be seen, all are escaped that are not ASCII: YAML itself lets a text be turned around.
    """
    # 64-bit numbers are strings in canonical JSON; the dumper quotes them, so they stay what they are
    content = json.loads(json_text)
    text = _dumped(content, is_unicode=True)
    return text if text.replace("\n", "").isprintable() else _dumped(content, is_unicode=False)


def _dumped(content: Any, *, is_unicode: bool) -> str:
    text: str = yaml.safe_dump(content, sort_keys=False, allow_unicode=is_unicode, width=120)
    return text
