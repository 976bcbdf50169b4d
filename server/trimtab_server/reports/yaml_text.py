"""YAML of what is JSON elsewhere."""

from __future__ import annotations

import json

import yaml


def yaml_of(json_text: str) -> str:
    """The same structure as YAML, keys in the same order."""
    # 64-bit numbers are strings in canonical JSON; the dumper quotes them, so they stay what they are
    return yaml.safe_dump(json.loads(json_text), sort_keys=False, allow_unicode=True, width=120)
