"""Reports of must rules that cannot hold together."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from .json_text import json_text
from .model import Report, fixed
from .places import located
from .quantities import plural, some

if TYPE_CHECKING:
    from trimtab_solver.policy.documents import Document
    from trimtab_solver.review.conflicts import Conflict, Findings

_NAMED = 8
"""So many guests or hosts are listed before they are only counted."""


def conflicts_report(found: Findings, folder: Path | None) -> Report:
    """Every conflict with its rules, where they stand, and the guests and hosts that show it."""
    lines: list[str] = []
    for conflict in found.conflicts:
        names = " and ".join(conflict.names)
        cannot = "cannot be kept" if len(conflict.names) == 1 else "cannot hold together"
        minimal = "" if conflict.is_minimal else " (perhaps not all of them are needed)"
        lines.append(f"{names} {cannot}{minimal}")
        lines += [f"  {_place(rule, folder)}" for rule in conflict.rules if not isinstance(rule, str)]
        more = f", and {conflict.more} more in the same way" if conflict.more else ""
        lines.append(f"  shown by {some(conflict.guests, _NAMED)}{more}")
        for guest, left in conflict.hosts[:_NAMED]:
            lines += [f"    {guest}: {rule} leaves it {some(hosts, _NAMED) or 'no host'}" for rule, hosts in left]
    verdict = plural(len(found.conflicts), "conflict") if found.conflicts else "no conflicts found"
    remark = "not everything could be settled within the work allowed: there may be more conflicts"
    return Report(fixed(verdict), tuple(map(fixed, lines)), basis=() if found.is_complete else (fixed(remark),))


def _place(rule: Document, folder: Path | None) -> str:
    return f"{located(str(rule.source), folder)}: {rule.kind} {rule.name}"


def conflicts_json(found: Findings, folder: Path | None) -> str:
    """The same for programs."""
    report = {
        "conflicts": [_conflict(conflict, folder) for conflict in found.conflicts],
        "complete": found.is_complete,
    }
    return json_text(report)


def _conflict(conflict: Conflict, folder: Path | None) -> dict[str, Any]:
    return {
        "rules": [
            {"name": rule}
            if isinstance(rule, str)
            else {
                "name": rule.name,
                "kind": rule.kind,
                "file": located(rule.source.file, folder),
                "line": rule.source.line,
            }
            for rule in conflict.rules
        ],
        "guests": list(conflict.guests),
        "moreGuests": conflict.more,
        "hosts": {guest: {rule: list(hosts) for rule, hosts in left} for guest, left in conflict.hosts},
        "minimal": conflict.is_minimal,
    }
