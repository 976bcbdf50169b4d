"""The report of what a cluster survives."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from .model import Cell, Column, Report, Row, Section, Table, Tone, cells, line, listed
from .quantities import plural

if TYPE_CHECKING:
    from trimtab_solver.what_if.single_points import SinglePoint
    from trimtab_solver.what_if.survivability import ScenarioLoss, ShownPoint, Survivability
    from trimtab_solver.what_if.verdicts import Basis

_NAMED = 8
"""So many guests or applications are named on a terminal before they are only counted."""

_POINTS: Mapping[str, str] = {
    "WHOLE_GROUP": "all that run of",
    "QUORUM": "too few are left of",
    "NO_MIRROR": "no mirror for",
    "ONLY_HOST": "the only host for",
}


def survivability_report(found: Survivability) -> Report:
    """Failures that lose guests, tier by tier; the parts of each kind by what their loss costs; single points."""
    assessed = len(found.losses)
    verdict = f"{found.survived} of {plural(assessed, 'failure')} cost no guest that runs now"
    lose = assessed - found.survived
    tone = Tone.BAD if lose else Tone.GOOD
    unknown = tuple(line(f"Nothing is known of {name}: {why}", tone=Tone.DOUBTFUL) for name, why in found.unknown)
    return Report(
        line(verdict, tone=tone),
        sections=tuple(_sections(found)),
        basis=unknown,
        facts={"assessed": assessed, "survived": found.survived, "unknown": len(found.unknown)},
    )


def _sections(found: Survivability) -> Iterator[Section]:
    for tier in found.tiers:
        single, several = len(tier.single), len(tier.several)
        remark = f"{plural(single, 'failure')} of one part and {several} of several cost guests of it, the worst first"
        yield Section(f"Losses of tier {tier.tier}", (loss_table((*tier.single, *tier.several), tier.tier),), remark)
    for kind in found.kinds:
        remark = f"{kind.survived} of {len(kind.losses)} may be lost without losing a guest; the worst first"
        yield Section(f"Loss of one {kind.kind}", (loss_table(kind.losses),), remark)
    if found.single_points:
        remark = "who depends on one part alone; guests that are lost for good are those of the scenario"
        yield Section("Single points of failure", (point_table(found.single_points),), remark)


def loss_table(losses: Sequence[ScenarioLoss], tier: str = "") -> Table:
    """What each failure costs: of one tier, or of all."""
    columns = (Column("scenario", wrap=True), Column("lost", wrap=True), Column("shown", wrap=True), Column("together"))
    rows = tuple(_loss_row(loss, tier) for loss in losses)
    return Table(columns, rows, is_list=True, noun="failure", name="losses")


def _loss_row(loss: ScenarioLoss, tier: str) -> Row:
    lost = {tier: loss.lost[tier]} if tier else dict(loss.lost)
    together = Cell("only together" if loss.only_together else "", value=loss.only_together)
    return Cell(loss.scenario), lost_cell(lost), shown_cell(loss.basis, is_lost=bool(lost)), together


def lost_cell(lost: Mapping[str, int]) -> Cell:
    """How many guests of which tiers."""
    text = ", ".join(f"{number} {tier}" for tier, number in lost.items())
    return Cell(text or "nobody", Tone.BAD if lost else Tone.GOOD, value=dict(lost))


def shown_cell(basis: Basis, *, is_lost: bool) -> Cell:
    """How sure the number of lost guests is."""
    if not is_lost:
        return Cell("by a verified plan", value=basis.value)
    if basis.is_proven:
        return Cell("proven: no plan loses less", value=basis.value)
    return Cell("by the best plan found", Tone.DOUBTFUL, value=basis.value)


def point_table(points: Sequence[ShownPoint]) -> Table:
    """Each single point of failure with who depends on it, and the scenario that shows it."""
    columns = (
        Column("part"),
        Column("why"),
        Column("who", wrap=True),
        Column("rule"),
        Column("scenario", wrap=True),
        Column("lost", wrap=True),
    )
    return Table(columns, tuple(map(_point_row, points)), is_list=True, noun="single point", name="singlePoints")


def _point_row(shown: ShownPoint) -> Row:
    point: SinglePoint = shown.point
    loss = shown.shown_by
    scenario = Cell("not assessed", Tone.DOUBTFUL, value=None) if loss is None else Cell(loss.scenario)
    lost = Cell("", value=None) if loss is None else lost_cell(loss.lost)
    why = Cell(_POINTS[point.exposure.value], value=point.exposure.value)
    who = listed(point.subjects, _NAMED, point.subjects)
    return (*cells(point.part), why, who, Cell(point.rule), scenario, lost)
