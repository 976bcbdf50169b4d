"""What every importer returns, how it says what it could not express, and how it refuses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from trimtab_solver.errors import Fault, Reason, RefusedError
from trimtab_solver.snapshot import Snapshot

from .policy_writer import Draft

TIER = "imported"
TIER_DRAFT = Draft(
    "Tier",
    TIER,
    {"rank": 10, "availability": "best-effort"},
    "Every guest: the source knows no priorities and no evictions",
)


class ImportRefusedError(RefusedError):
    """The file is not what its format says, or contradicts itself."""


@dataclass(frozen=True, slots=True)
class Imported:
    """A foreign cluster as a snapshot, and its rules as policy files.

    `notes` names everything of the file that was interpreted or could not be expressed, grouped, with counts.
    """

    snapshot: Snapshot
    policy_documents: Mapping[str, bytes]
    notes: tuple[str, ...]


class Notes:
    """Collects what an importer interpreted or left out; equal remarks are counted and keep their first example."""

    def __init__(self) -> None:
        self._counts: dict[str, int] = {}
        self._examples: dict[str, str] = {}

    def add(self, remark: str, example: str = "") -> None:
        """Take down one occurrence."""
        self._counts[remark] = self._counts.get(remark, 0) + 1
        if example:
            self._examples.setdefault(remark, example)

    def lines(self) -> tuple[str, ...]:
        """One line per remark, in order of first occurrence."""
        return tuple(self._line(remark, count) for remark, count in self._counts.items())

    def _line(self, remark: str, count: int) -> str:
        example = self._examples.get(remark)
        if count == 1:
            return f"{remark} ({example})" if example else remark
        return f"{remark} ({count} times{f', first: {example}' if example else ''})"


def malformed(path: str, message: str, fix: str = "") -> ImportRefusedError:
    """A refusal because something in the file is not as its format wants it."""
    return ImportRefusedError([Fault(Reason.MALFORMED_FILE, path, message, fix)])


def decoded(raw: bytes, path: str, fix: str = "") -> str:
    """The text of a file. Refuses what is no UTF-8, as `malformed`."""
    try:
        return raw.decode()
    except UnicodeDecodeError as error:
        raise malformed(path, f"not text: {error}", fix) from error


def unknown(path: str, message: str, fix: str = "") -> ImportRefusedError:
    """A refusal because the file names something it does not hold."""
    return ImportRefusedError([Fault(Reason.UNKNOWN_REFERENCE, path, message, fix)])
