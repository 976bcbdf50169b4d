"""Reports of must rules that cannot hold together."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from .json_report import records_of
from .json_text import json_text
from .model import Cell, Column, Report, Row, Section, Table, Tone, cells, fixed
from .places import PLACE, located, place_cells
from .quantities import plural, some

if TYPE_CHECKING:
    from trimtab_solver.policy.documents import Document
    from trimtab_solver.review.conflicts import Conflict, Findings

_NAMED = 8
"""So many guests or hosts are listed on a terminal before they are only counted."""


def conflicts_report(found: Findings, folder: Path | None) -> Report:
    """Every conflict with its rules, where they stand, and the guests and hosts that show it."""
    verdict = plural(len(found.conflicts), "conflict") if found.conflicts else "no conflicts found"
    remark = "not everything could be decided within the work allowed: there may be more conflicts"
    return Report(
        fixed(verdict, Tone.BAD if found.conflicts else Tone.GOOD),
        sections=tuple(_section(conflict, folder) for conflict in found.conflicts),
        basis=() if found.is_complete else (fixed(remark),),
        facts={"conflicts": len(found.conflicts), "complete": found.is_complete},
    )


def _section(conflict: Conflict, folder: Path | None) -> Section:
    names = " and ".join(conflict.names)
    cannot = "cannot be kept" if len(conflict.names) == 1 else "cannot hold together"
    minimal = "" if conflict.is_minimal else " (perhaps not all of them are needed)"
    left = (left_table(conflict),) if conflict.hosts else ()
    return Section(f"{names} {cannot}{minimal}", (rule_table(conflict, folder), guest_table(conflict), *left))


def rule_table(conflict: Conflict, folder: Path | None) -> Table:
    """The rules, and where they stand; what is no rule of the policy has a name only."""
    lines = tuple(
        f"  {located(str(rule.source), folder)}: {rule.kind} {rule.name}"
        for rule in conflict.rules
        if not isinstance(rule, str)
    )
    columns = (Column("rule", key="name"), Column("kind"), *PLACE)
    return Table(columns, tuple(_rule_row(rule, folder) for rule in conflict.rules), name="rules", lines=lines)


def _rule_row(rule: Document | str, folder: Path | None) -> Row:
    if isinstance(rule, str):
        return Cell(rule), *(Cell("", value=None) for _ in ("kind", *PLACE))
    return (*cells(rule.name, rule.kind), *place_cells(rule.source, folder))


def guest_table(conflict: Conflict) -> Table:
    """The guests that cannot all run."""
    more = f", and {conflict.more} more in the same way" if conflict.more else ""
    line = f"  shown by {some(conflict.guests, _NAMED)}{more}"
    rows = tuple(map(cells, conflict.guests))
    return Table(
        (Column("shown by", key="guest"),), rows, noun="guest", left_out=conflict.more, name="guests", lines=(line,)
    )


def left_table(conflict: Conflict) -> Table:
    """The hosts that each rule leaves each guest."""
    lines = tuple(
        f"    {guest}: {rule} leaves it {some(hosts, _NAMED) or 'no host'}"
        for guest, left in conflict.hosts[:_NAMED]
        for rule, hosts in left
    )
    rows = tuple(
        (*cells(guest, rule), Cell(", ".join(hosts) or "no host", value=hosts))
        for guest, left in conflict.hosts
        for rule, hosts in left
    )
    columns = (Column("guest"), Column("rule"), Column("leaves it", wrap=True, key="hosts"))
    return Table(columns, rows, name="left", lines=lines)


def conflicts_json(found: Findings, folder: Path | None) -> str:
    """The same for programs."""
    report = {
        "conflicts": [_conflict(conflict, folder) for conflict in found.conflicts],
        "complete": found.is_complete,
    }
    return json_text(report)


def _conflict(conflict: Conflict, folder: Path | None) -> dict[str, Any]:
    rules = records_of(rule_table(conflict, folder))
    return {
        "rules": [{key: value for key, value in rule.items() if value is not None} for rule in rules],
        "guests": list(conflict.guests),
        "moreGuests": conflict.more,
        # by guest and rule, which rows of a table are not
        "hosts": {guest: {rule: list(hosts) for rule, hosts in left} for guest, left in conflict.hosts},
        "minimal": conflict.is_minimal,
    }
