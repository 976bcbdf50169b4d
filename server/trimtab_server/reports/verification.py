"""The report of what the verifier found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from trimtab_solver.outcome import Answer
from trimtab_solver.verify.replay import Verdict
from trimtab_solver.verify.staleness import StaleInput
from trimtab_solver.verify.violation import Violation

from .model import Cell, Column, Line, Report, Section, Table, Tone, cells, line
from .quantities import plural


def verification_report(answer: Answer, verdict: Verdict, stale: Sequence[StaleInput]) -> Report:
    """What the plan was made for, whether it is safe, what it breaks, and where it ends."""
    lines = [*map(_stale, stale), _verdict(answer, verdict, is_stale=bool(stale))]
    claimed = {level.name: level.value for level in answer.levels}
    values = Section(
        "Where the plan ends",
        (value_table(verdict.levels, claimed),),
        "recomputed; levels in order of importance, smaller is better",
    )
    violations = Section("Violations", (violation_table(verdict.violations),))
    return Report(lines[0], tuple(lines[1:]), (values,) if verdict.is_valid else (violations, values))


def _stale(one: StaleInput) -> Line:
    made_for, actual = one.certified_digest[:12] or "none", one.actual_digest[:12]
    text = f"STALE: the plan was made for another {one.input} (digest {made_for}, this one has {actual})"
    return line(text, tone=Tone.BAD, is_strong=True)


def _verdict(answer: Answer, verdict: Verdict, *, is_stale: bool) -> Line:
    actions = plural(len(answer.plan.actions), "action")
    if not verdict.is_valid:
        text = f"NOT SAFE: {plural(len(verdict.violations), 'violation')} in {actions}."
        return line(text, tone=Tone.BAD, is_strong=True)
    judged = "on this input too, though made for another" if is_stale else "in every order that it permits"
    text = f"SAFE: {actions}, no violation; the plan is safe {judged}."
    return line(text, tone=Tone.DOUBTFUL if is_stale else Tone.GOOD, is_strong=True)


def value_table(levels: Sequence[tuple[str, int]], claimed: Mapping[str, int]) -> Table:
    """The levels as the verifier counts them, beside what the plan file says."""
    columns = (Column("level"), Column("recomputed", is_number=True), Column("plan file", is_number=True))
    return Table(
        columns, tuple((Cell(name), Cell(str(value)), _claim(claimed.get(name), value)) for name, value in levels)
    )


def _claim(said: int | None, value: int) -> Cell:
    text = "-" if said is None else str(said)
    return Cell(text) if said == value else Cell(text, Tone.BAD, is_strong=True)


def violation_table(violations: Sequence[Violation]) -> Table:
    """What the verifier objects to."""
    columns = (Column("action"), Column("promise"), Column("host"), Column("resource/rule"), Column("found", wrap=True))
    rows = tuple(
        cells(_step(one), one.code.value, one.host_id, one.resource or one.rule, one.message) for one in violations
    )
    return Table(columns, rows, is_list=True)


def _step(violation: Violation) -> str:
    return str(violation.step) if violation.step else "end state"
