"""Reports of how many more guests fit, and for how long growth does."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from .admission_answer import broken_table
from .model import Cell, Column, Items, Report, Row, Section, Table, Tone, line, number
from .quantities import plural

if TYPE_CHECKING:
    from trimtab_solver.what_if.growth import Growth
    from trimtab_solver.what_if.headroom import GuestHeadroom


def headroom_report(found: Sequence[GuestHeadroom]) -> Report:
    """A row for each flavour and place; what is in the way of more; why a larger number may fit all the same."""
    sections = [
        Section(f"With {one.fails} more like {one.like}{_where(one)}", (broken_table(one.broken),))
        for one in found
        if one.broken
    ]
    if caveats := tuple(dict.fromkeys(text for one in found for text in one.caveats)):
        sections.append(Section("A larger number may fit though a smaller one does not", (Items(caveats),)))
    verdict = "; ".join(_sentence(one) for one in found)
    remark = line(
        "What fits is shown by verified plans, what is the most by bounds: more cannot all start without loss.",
        tone=Tone.QUIET,
    )
    return Report(line(verdict), (headroom_table(found),), tuple(sections), (remark,))


def headroom_table(found: Sequence[GuestHeadroom]) -> Table:
    """How many fit, and how many at most can."""
    columns = (
        Column("like"),
        Column("tier"),
        Column("within"),
        Column("fit", is_number=True),
        Column("not shown to fit", is_number=True, key="fails"),
        Column("most", is_number=True),
    )
    return Table(columns, tuple(map(_row, found)), name="headroom")


def _row(one: GuestHeadroom) -> Row:
    places = Cell(one.like), Cell(one.tier or "its own"), Cell(one.within or "anywhere")
    return (*places, _number(one.least, "none"), _number(one.fails, "-"), _number(one.most, "not known"))


def _number(value: int | None, otherwise: str) -> Cell:
    return Cell(otherwise, value=None) if value is None else number(value)


def _where(one: GuestHeadroom) -> str:
    return f" within {one.within}" if one.within else ""


def _sentence(one: GuestHeadroom) -> str:
    if one.least is None:
        return f"The promise is not kept even if nobody is added{_where(one)}"
    what = f"{plural(one.least, 'more guest')} like {one.like}"
    if one.is_exact:
        return f"{what} fit{_where(one)}, and no more: proven"
    most = "how many at most is not known" if one.most is None else f"no more than {one.most} can"
    return f"At least {what} fit{_where(one)}; {most}"


def growth_report(found: Growth) -> Report:
    """The month in which growth breaks the promise."""
    facts = {
        "percent": found.percent,
        "kept": found.kept,
        "fails": found.fails,
        "failsAt": found.fails_at or None,
        "demandPercent": found.demand_percent,
    }
    sections = (Section("Broken then", (broken_table(found.broken),)),) if found.broken else ()
    return Report(line(_growth_sentence(found), tone=_tone(found)), sections=sections, facts=facts)


def _growth_sentence(found: Growth) -> str:
    rate = f"growth of {found.percent:g} % a month"
    if found.kept is None:
        return "The promise is not shown to be kept today"
    if found.fails is None:
        return f"The promise is kept for {plural(found.kept, 'month')} of {rate}, the longest that was looked at"
    when = f" ({found.fails_at})" if found.fails_at else ""
    ends = f"after {plural(found.fails, 'month')}{when}, at {found.demand_percent} % of the demand of today, it is not"
    return f"The promise is kept after {plural(found.kept, 'month')} of {rate}; {ends} shown to be"


def _tone(found: Growth) -> Tone:
    if found.kept is None:
        return Tone.BAD
    return Tone.GOOD if found.fails is None else Tone.PLAIN
