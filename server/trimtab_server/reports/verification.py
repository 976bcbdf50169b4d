"""The report of what the verifier found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from trimtab_solver.outcome import Answer
from trimtab_solver.quarantine import Quarantined
from trimtab_solver.verify.claims import FalseClaim
from trimtab_solver.verify.replay import Verdict
from trimtab_solver.verify.staleness import StaleInput
from trimtab_solver.verify.violation import Violation

from .levels import describe_level, unit_cell, value_cell
from .model import Cell, Column, Digest, Line, Report, Row, Section, Table, Tone, Value, cells, line, number
from .quantities import plural
from .quarantine import quarantine_section


def verification_report(
    answer: Answer,
    verdict: Verdict,
    stale: Sequence[StaleInput],
    claims: Sequence[FalseClaim] = (),
    quarantined: Sequence[Quarantined] = (),
) -> Report:
    """What the plan was made for, whether it is safe, what it breaks, what its file says falsely, and where it ends."""
    lines = [*map(_stale, stale), _verdict(answer, verdict, is_stale=bool(stale), is_true=not claims)]
    claimed = {level.name: level.value for level in answer.levels}
    values = Section(
        "Where the plan ends",
        (value_table(verdict.levels, claimed),),
        "recomputed; levels in order of importance, smaller is better",
    )
    violations = Section("Violations", (violation_table(verdict.violations),))
    sections = (values,) if verdict.is_valid else (violations, values)
    if claims:
        columns = (Column("about"), Column("what is so", wrap=True, key="truth"))
        table = Table(columns, tuple(cells(one.about, one.message) for one in claims), is_list=True, name="falseClaims")
        sections = (Section("What the file says and is not so", (table,)), *sections)
    if quarantined:
        sections = (*sections, quarantine_section(quarantined))
    return Report(lines[0], tuple(lines[1:]), sections, facts=_facts(answer, verdict, stale, claims))


def _facts(
    answer: Answer, verdict: Verdict, stale: Sequence[StaleInput], claims: Sequence[FalseClaim]
) -> dict[str, Value]:
    return {
        "safe": verdict.is_valid,
        "actions": len(answer.plan.actions),
        "violations": len(verdict.violations),
        "falseClaims": len(claims),
        "stale": tuple(
            {"input": one.input, "certifiedDigest": one.certified_digest, "actualDigest": one.actual_digest}
            for one in stale
        ),
    }


def _stale(one: StaleInput) -> Line:
    return line(
        f"STALE: the plan was made for another {one.input} (digest ",
        Digest(one.certified_digest) if one.certified_digest else "none",
        ", this one has ",
        Digest(one.actual_digest),
        ")",
        tone=Tone.BAD,
        is_strong=True,
    )


def _verdict(answer: Answer, verdict: Verdict, *, is_stale: bool, is_true: bool) -> Line:
    actions = plural(len(answer.plan.actions), "action")
    if not verdict.is_valid:
        text = f"NOT SAFE: {plural(len(verdict.violations), 'violation')} in {actions}."
        return line(text, tone=Tone.BAD, is_strong=True)
    judged = "on this input too, though made for another" if is_stale else "in every order that it permits"
    but = "" if is_true else "; but its file says what is not so"
    text = f"SAFE: {actions}, no violation; the plan is safe {judged}{but}."
    return line(text, tone=Tone.GOOD if is_true and not is_stale else Tone.DOUBTFUL, is_strong=True)


def value_table(levels: Sequence[tuple[str, int]], claimed: Mapping[str, int]) -> Table:
    """The levels as the verifier counts them, beside what the plan file says."""
    columns = (
        Column("level"),
        Column("recomputed", is_number=True),
        Column("plan file", is_number=True),
        Column("unit", wrap=True),
        Column("counts", wrap=True),
    )
    rows = tuple(
        (
            *cells(name),
            value_cell(name, value),
            _claim(name, claimed.get(name), value),
            unit_cell(name),
            Cell(describe_level(name)),
        )
        for name, value in levels
    )
    return Table(columns, rows, name="levels")


def _claim(name: str, said: int | None, value: int) -> Cell:
    if said is None:
        return Cell("-", value=None)
    return value_cell(name, said) if said == value else value_cell(name, said, Tone.BAD, is_strong=True)


def violation_table(violations: Sequence[Violation]) -> Table:
    """What the verifier objects to."""
    columns = (
        Column("action"),
        Column("promise"),
        Column("host"),
        Column("resource/rule", key="broken"),
        Column("found", wrap=True),
    )
    return Table(columns, tuple(map(_violation_row, violations)), is_list=True, name="violations")


def _violation_row(violation: Violation) -> Row:
    broken: Value = {"resource": violation.resource} if violation.resource else {"rule": violation.rule}
    return (
        number(violation.step) if violation.step else Cell("end state", value=None),
        *cells(violation.code.value, violation.host_id),
        Cell(violation.resource or violation.rule, value=broken),
        Cell(violation.message),
    )
