"""Guests that a plan leaves alone because their records make no sense."""

from __future__ import annotations

from collections.abc import Sequence

from trimtab_solver.quarantine import Quarantined

from .model import Cell, Column, Row, Section, Table, cells, listed
from .quantities import plural

_NAMED = 3


def quarantine_section(records: Sequence[Quarantined]) -> Section:
    """Who they are, what is wrong with each record, and where the guest may run."""
    columns = (
        Column("guest"),
        Column("reason"),
        Column("what is wrong", wrap=True, key="faults"),
        Column("may run on", wrap=True, key="hostIds"),
    )
    table = Table(columns, tuple(map(_row, records)), is_list=True, noun="record", name="quarantined")
    remark = "left alone; room is kept, and rules hold, wherever these guests may run"
    return Section(f"Records that make no sense: {plural(len(records), 'guest')}", (table,), remark)


def _row(record: Quarantined) -> Row:
    wrong = "; ".join(f"{fault.message} ({fault.fix})" if fault.fix else fault.message for fault in record.faults)
    faults = tuple(
        {"reason": fault.reason.value, "path": fault.path, "message": fault.message, "fix": fault.fix}
        for fault in record.faults
    )
    hosts = listed(record.hosts, _NAMED, record.hosts) if record.hosts else Cell("no host", value=())
    return (*cells(record.vm_id, record.reason.value), Cell(wrong, value=faults), hosts)
