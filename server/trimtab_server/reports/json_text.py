"""JSON of reports for programs."""

from __future__ import annotations

import json
from typing import Any


def json_text(report: dict[str, Any]) -> str:
    """The report, indented, letters of any language as they are."""
    return json.dumps(report, indent=2, ensure_ascii=False) + "\n"
