"""The report of the availability of applications."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from .model import Cell, Column, Report, Row, Section, Table, Tone, cells, line, listed
from .quantities import plural, spell_seconds

if TYPE_CHECKING:
    from trimtab_solver.what_if.availability.classes import ClassLimit
    from trimtab_solver.what_if.availability.report import AvailabilityReport, JudgedTarget, ServiceAvailability

_NAMED = 8
"""So many applications are named on a terminal before they are only counted."""
_TONES = {"met": Tone.GOOD, "missed": Tone.BAD, "undecided": Tone.DOUBTFUL}
_YEAR_S = 365 * 86_400


def availability_page(found: AvailabilityReport) -> Report:
    """Targets first, then every application by each of its criteria."""
    kept = sum(target.verdict.value == "met" for target in found.targets)
    stated = f"{kept} of {plural(len(found.targets), 'target')} met" if found.targets else "no tier states a target"
    verdict = line(f"{plural(len(found.promised), 'application')}: {stated}", tone=_tone(found))
    sections = [Section("Applications", (service_table(found.services),), "downtime is what is expected of a year")]
    if found.targets:
        sections.insert(0, Section("Targets", (target_table(found.targets),), "by what was promised"))
    basis = [line(f"By {plural(found.scenarios, 'scenario')}, each with a verified plan where there is one.")]
    if found.without_pool:
        who = plural(found.without_pool, "guest")
        basis.append(line(f"{who} without a storage pool: their data is taken to be wherever they may run."))
    if found.left_out:
        basis.append(line(f"Left out, because their records make no sense: {', '.join(found.left_out)}"))
    facts = {"applications": len(found.promised), "targets": len(found.targets), "met": kept}
    return Report(verdict, sections=tuple(sections), basis=tuple(basis), facts=facts)


def target_table(targets: Sequence[JudgedTarget]) -> Table:
    """Each target of a tier, and who misses it."""
    columns = (Column("tier"), Column("target"), Column("stated"), Column("verdict"), Column("who", wrap=True))
    return Table(columns, tuple(map(_target_row, targets)), name="targets")


def service_table(services: Sequence[ServiceAvailability]) -> Table:
    """The class of each application, what limits it, and its expected downtime."""
    columns = (
        Column("application", wrap=True),
        Column("criterion"),
        Column("class"),
        Column("limited by", wrap=True),
        Column("why", wrap=True),
        Column("proven", wrap=True),
        Column("downtime", key="downtimeShare"),
        Column("failure", key="failureShare", needs_room=True),
        Column("shortage", key="shortageShare", needs_room=True),
        Column("maintenance", key="maintenanceShare", needs_room=True),
    )
    return Table(columns, tuple(map(_service_row, services)), is_list=True, noun="row", name="applications")


def _tone(found: AvailabilityReport) -> Tone:
    verdicts = {target.verdict.value for target in found.targets}
    return Tone.BAD if "missed" in verdicts else Tone.DOUBTFUL if "undecided" in verdicts else Tone.GOOD


def _target_row(target: JudgedTarget) -> Row:
    who = target.missed or target.undecided
    verdict = Cell(target.verdict.value, _TONES[target.verdict.value])
    return (*cells(target.tier, target.kind.value, target.stated), verdict, listed(who, _NAMED, who))


def _service_row(service: ServiceAvailability) -> Row:
    limit, expected = service.limit, service.expected
    reached = cells(service.application.name, service.criterion.value, str(service.reached))
    limited = (Cell("", value=None),) * 3
    if limit is not None:
        limited = (Cell(limit.scenario), Cell(limit.why.value), _proven_cell(limit))
    shares: tuple[float | None, ...] = (None,) * 4
    if expected is not None:
        shares = (expected.total, expected.failure, expected.shortage, expected.maintenance)
    return (*reached, *limited, *map(_share, shares))


def _proven_cell(limit: ClassLimit) -> Cell:
    text = "proven: no plan would help" if limit.is_proven else "by the plan found"
    return Cell(text, Tone.PLAIN if limit.is_proven else Tone.DOUBTFUL, value=limit.is_proven)


def _share(share: float | None) -> Cell:
    """Of a year, in words."""
    if share is None:
        return Cell("", value=None)
    return Cell(spell_seconds(share * _YEAR_S), value=share)
