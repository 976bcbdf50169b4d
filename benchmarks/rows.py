"""Rows in files: one file of JSON lines per subject, appended to while the benchmarks run."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks.subject import Row


class RowFile:
    """The rows of one subject. A row that was cut off by a crash is ignored."""

    def __init__(self, folder: Path, subject: str) -> None:
        self._path = folder / "rows" / f"{subject}.jsonl"

    def append(self, row: Row) -> None:
        """Adds a row, in the place of one that was cut off."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._path.open("ab") as file:
            if file.tell():
                file.truncate(self._path.read_bytes().rfind(b"\n") + 1)
            file.write(json.dumps(row).encode() + b"\n")

    def rows(self) -> list[Row]:
        """All rows, oldest first."""
        if not self._path.exists():
            return []
        whole, _, _ = self._path.read_text().rpartition("\n")
        return [json.loads(line) for line in whole.splitlines()]

    def latest(self) -> list[Row]:
        """The newest row of each case, in the order in which the cases were first run."""
        newest: dict[str, Row] = {}
        for row in self.rows():
            newest[identity(row["case"])] = row
        return list(newest.values())

    def has(self, case: Mapping[str, Any], commit: str) -> bool:
        """Whether the case was run to its end at this commit."""
        key = identity(case)
        return any(
            identity(row["case"]) == key and row["environment"]["commit"] == commit and "error" not in row
            for row in self.rows()
        )


def identity(case: Mapping[str, Any]) -> str:
    """Equal for equal cases."""
    return json.dumps(case, sort_keys=True)
