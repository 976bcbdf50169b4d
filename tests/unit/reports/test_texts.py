"""JSON and YAML for programs, which people look at as well."""

from __future__ import annotations

import json

import pytest
import yaml

from trimtab_server.reports.json_text import json_text
from trimtab_server.reports.yaml_text import yaml_of

_TURNED = "web\u202e01\u2066\u200f\u0085\u2028\x1b[31m\x7f\ufeff"


@pytest.mark.parametrize("name", [_TURNED, *_TURNED, "é 漢字 web", 'quote " back \\ slash'])
def test_characters_that_cannot_be_seen_are_escaped(name: str) -> None:
    """No name turns the text around it or steers a terminal, and programs read what was meant."""
    content = {"name": name, "list": [{name: 1}]}
    for text, read in ((json_text(content), json.loads), (yaml_of(json_text(content)), yaml.safe_load)):
        assert text.replace("\n", "").isprintable()
        assert read(text) == content
        assert "漢" not in name or "漢字" in text
