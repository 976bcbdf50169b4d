"""The report of what is wrong, or probably wrong, with a policy."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from trimtab_solver.authoring.findings import Finding, Severity
from trimtab_solver.policy.documents import Policy

from .model import Cell, Column, Report, Row, Table, Tone, cells, fixed
from .places import PLACE, located, place_cells
from .quantities import plural

_NOUNS = {"error": "error", "warning": "warning", "info": "remark"}


_TONES = {Severity.ERROR: Tone.BAD, Severity.WARNING: Tone.DOUBTFUL, Severity.INFO: Tone.PLAIN}


def findings_report(policy: Policy | None, findings: Sequence[Finding], folder: Path | None) -> Report:
    """Every finding with its place; no policy is one that cannot be used."""
    tone = min((_TONES[one.severity] for one in findings), key=list(_TONES.values()).index, default=Tone.GOOD)
    verdict = fixed(_verdict(policy, findings), Tone.BAD if policy is None else tone)
    counts = Counter(one.severity.value for one in findings)
    facts = {"usable": policy is not None, **{severity.value: counts[severity] for severity in Severity}}
    return Report(verdict, (findings_table(findings, folder),) if findings else (), facts=facts)


def findings_table(findings: Sequence[Finding], folder: Path | None) -> Table:
    """What is found, where, and how to correct it."""
    what = (
        Column("severity"),
        Column("found", wrap=True, key="message"),
        Column("how to correct it", wrap=True, key="fix"),
    )
    columns = (*PLACE, Column("column", is_number=True), *what, Column("check"))
    lines = tuple(located(str(finding), folder) for finding in findings)
    return Table(columns, tuple(_row(finding, folder) for finding in findings), name="findings", lines=lines)


def _row(finding: Finding, folder: Path | None) -> Row:
    return (
        *place_cells(finding.source, folder),
        Cell(str(finding.source.column or ""), value=finding.source.column),
        Cell(finding.severity.value, _TONES[finding.severity]),
        *cells(finding.message, finding.fix, finding.rule),
    )


def _verdict(policy: Policy | None, findings: Sequence[Finding]) -> str:
    if policy is None:
        return f"{plural(len(findings), 'error')}; the policy cannot be used"
    counts = Counter(one.severity.value for one in findings)
    summary = ", ".join(plural(counts[severity], noun) for severity, noun in _NOUNS.items() if counts[severity])
    return f"{plural(len(policy.documents), 'document')}: {summary or 'nothing found'}"
