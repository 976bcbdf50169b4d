"""JSON for programs that people look at as well."""

from __future__ import annotations

import json
from typing import Any


def json_text(content: dict[str, Any]) -> str:
    """The content, indented, letters of any language as they are.

    Characters that cannot be seen are escaped, so that no name steers a terminal or turns the text around it.
    """
    text = json.dumps(content, indent=2, ensure_ascii=False) + "\n"
    if text.replace("\n", "").isprintable():
        return text
    # what JSON itself escapes is gone by now: such characters are inside strings
    return "".join(c if c.isprintable() or c == "\n" else json.dumps(c)[1:-1] for c in text)
