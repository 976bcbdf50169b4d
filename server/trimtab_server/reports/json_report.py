"""Reports as JSON, for programs: values where a report has them, words where it has only words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from .json_text import json_text
from .model import (
    Block,
    Cell,
    Column,
    HeatMap,
    Items,
    Line,
    Report,
    Section,
    Shown,
    Table,
    Tile,
    Timeline,
    Value,
    whole,
)


def json_of(report: Report) -> str:
    """The whole report, every row."""
    return json_text(
        {
            "verdict": _line(report.verdict),
            "facts": dict(report.facts),
            "blocks": _blocks(report.blocks),
            "sections": [_section(section) for section in report.sections],
            "basis": _blocks(report.basis),
        }
    )


def records_of(table: Table) -> list[dict[str, Value]]:
    """The rows as values by column."""
    keys = [key for key, _ in _keyed(table.columns)]
    return [{key: value_of(cell) for key, cell in zip(keys, row, strict=True)} for row in table.rows]


def value_of(cell: Cell) -> Value:
    """What the cell says: its value, or its text."""
    return cell.text if isinstance(cell.value, Shown) else cell.value


def _keyed(columns: Iterable[Column]) -> list[tuple[str, Column]]:
    """Every column under a key of its own, though policies may give levels and tiers any name."""
    keyed: dict[str, Column] = {}
    for column in columns:
        key, n = column.name, 1
        while key in keyed:
            key, n = f"{column.name}{n + 1}", n + 1
        keyed[key] = column
    return list(keyed.items())


def _section(section: Section) -> dict[str, Any]:
    return {
        "title": section.title,
        "remark": section.remark,
        "blocks": _blocks(section.blocks),
        "sections": [_section(part) for part in section.sections],
    }


def _blocks(blocks: Iterable[Block]) -> list[dict[str, Any]]:
    return [_block(block) for block in blocks]


def _block(block: Block) -> dict[str, Any]:
    match block:
        case Line():
            return _line(block)
        case Items():
            return {"items": list(block.texts)}
        case Table():
            return _table(block)
        case HeatMap():
            return {"heatMap": block.resource, "hosts": list(_heat_map(block))}
        case Timeline():
            bars = [{"what": bar.label, "startS": bar.start, "endS": bar.end} for bar in block.bars]
            return {"timeline": bars, "leftOut": block.left_out}


def _heat_map(block: HeatMap) -> Iterator[dict[str, Any]]:
    for domain, hosts in block.domains:
        for host in hosts:
            yield {
                "hostId": host.host_id,
                "domain": domain,
                "before": _tile(host.before),
                "after": _tile(host.after),
            }


def _tile(tile: Tile) -> dict[str, Any]:
    return {"percent": tile.percent, "state": tile.state, "guests": tile.guests, "amount": tile.amount}


def _line(line: Line) -> dict[str, Any]:
    return {"text": whole(line.parts), "tone": line.tone.value}


def _table(table: Table) -> dict[str, Any]:
    columns = [{"key": key, "title": column.title, "unit": column.unit} for key, column in _keyed(table.columns)]
    return {"table": table.name, "columns": columns, "rows": records_of(table), "leftOut": table.left_out}
