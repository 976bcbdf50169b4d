"""The report of what would keep a promise."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from .admission_answer import broken_table
from .model import Cell, Column, Report, Row, Section, Table, Tone, cells, line, number
from .quantities import plural

if TYPE_CHECKING:
    from trimtab_solver.what_if.remedies import Remedy, RemedySearch

_WORDS: dict[str, Callable[[Remedy], str]] = {
    "ADD_HOSTS": lambda one: f"add {plural(one.number, 'host')} like {one.subject}{_in(one.domains)}",
    "MOVE_GUESTS": lambda one: _plan(one) + _emptying(one.subject),
    "RELAX_RULE": lambda one: f"make a wish of rule {one.subject} (level should)",
    "SWITCH_OFF_RULE": lambda one: f"switch rule {one.subject} off",
    "ALLOW_EVICTION": lambda one: f"allow that guests of tier {one.subject} are stopped",
    "MIRROR_POOL": lambda one: f"mirror storage pool {one.subject}",
}


def remedies_report(found: RemedySearch) -> Report:
    """Each remedy with its cost, the cheapest first, and what it mends."""
    facts = {"broken": len(found.broken), "remedies": len(found.remedies), "tried": found.tried, "left": found.left}
    rest = line(f"{found.tried} were tried; {found.left} that cost no less were not.", tone=Tone.QUIET)
    sections = (Section("Broken as things are", (broken_table(found.broken),)),) if found.broken else ()
    blocks = (remedy_table(found.remedies),) if found.remedies else ()
    tone = Tone.GOOD if found.remedies or not found.broken else Tone.BAD
    return Report(line(_verdict(found), tone=tone), blocks, sections, (rest,), facts)


def _verdict(found: RemedySearch) -> str:
    if found.remedies:
        cheapest = found.remedies[0]
        text = _WORDS[cheapest.kind.value](cheapest)
        return f"The promise is kept, by verified plans, with the cheapest remedy found: {text}"
    if not found.broken and not found.tried:
        return "The promise is kept as things are"
    return "No single remedy of those that were tried keeps the promise"


def remedy_table(remedies: tuple[Remedy, ...]) -> Table:
    """What is done, and what it costs."""
    columns = (
        Column("cost", is_number=True),
        Column("remedy", wrap=True),
        Column("kind", needs_room=True),
        Column("subject", needs_room=True),
        Column("number", is_number=True, needs_room=True),
    )
    return Table(columns, tuple(map(_row, remedies)), is_list=True, noun="remedy", name="remedies")


def _row(one: Remedy) -> Row:
    text = _WORDS[one.kind.value](one)
    return (number(one.cost), Cell(text), *cells(one.kind.value, one.subject, one.number))


def _plan(one: Remedy) -> str:
    return f"move {plural(one.number, 'guest')} now" if one.number else "carry out now the plan for what is down"


def _in(domains: tuple[str, ...]) -> str:
    return f" in {', '.join(domains)}" if domains else ""


def _emptying(host: str) -> str:
    return f", so that {host} is empty" if host else ""
