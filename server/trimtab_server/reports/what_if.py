"""Reports of verdicts on scenarios: for people, and for machines as JSON and JUnit XML."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from .model import Cell, Column, Line, Report, Row, Table, Tone, Value, line, number
from .quantities import plural
from .safe_text import clean

if TYPE_CHECKING:
    from trimtab_solver.what_if.verdicts import ScenarioVerdict, StepVerdict, TierFate

_FACTS = ("ran_before", "kept", "moved", "restarted", "lost", "stopped", "shrunk", "started", "waiting")
_BASIS = {
    "BOUND": "proven",
    "EXACT": "proven",
    "BEST_FOUND": "best found",
    "NONE": "no plan",
}
"""What a verdict rests on, for people."""


def verdicts_report(verdicts: Sequence[ScenarioVerdict], promised: Sequence[str] = ()) -> Report:
    """All verdicts, the worst first as they are given; `promised` are the tiers that are to lose nobody."""
    counts = counts_of(verdicts, promised)
    return Report(
        _headline(verdicts, counts, promised),
        (*_lines(counts), verdict_table(verdicts)),
        facts=counts,
    )


def counts_of(verdicts: Sequence[ScenarioVerdict], promised: Sequence[str]) -> Mapping[str, Value]:
    """How many scenarios lose whom, and what that rests on."""
    tiers = list(dict.fromkeys(tier.tier for verdict in verdicts for tier in verdict.last.tiers))
    last = [verdict.last for verdict in verdicts]
    return {
        "scenarios": len(verdicts),
        "losingNobody": sum(not step.lost for step in last if step.plan_digest),
        "losing": {tier: sum(tier in step.lost for step in last) for tier in tiers},
        "breakingThePromise": sum(any(tier in step.lost for tier in promised) for step in last),
        "withoutPlan": sum(not step.plan_digest for step in last),
        "drillsFailed": sum(bool(verdict.unmet) for verdict in verdicts),
        "basis": {basis: number for basis in _BASIS if (number := sum(step.basis == basis for step in last))},
    }


def _headline(verdicts: Sequence[ScenarioVerdict], counts: Mapping[str, Value], promised: Sequence[str]) -> Line:
    words = [f"{plural(len(verdicts), 'scenario')}: {counts['losingNobody']} lose nobody"]
    losing = counts["losing"]
    assert isinstance(losing, Mapping)
    words += [f"{many} lose {tier} guests" for tier, many in losing.items() if many]
    if counts["withoutPlan"]:
        words.append(f"{counts['withoutPlan']} without a plan")
    if counts["drillsFailed"]:
        words.append(f"{counts['drillsFailed']} not as expected")
    is_bad = bool(counts["withoutPlan"] or counts["drillsFailed"] or counts["breakingThePromise"])
    is_lossy = any(verdict.last.lost for verdict in verdicts)
    tone = Tone.BAD if is_bad else Tone.DOUBTFUL if is_lossy else Tone.GOOD
    text = ", ".join(words)
    if promised:
        broken = counts["breakingThePromise"]
        kept = "the promise is kept" if not broken else f"the promise is broken in {broken}"
        text += f"; {kept} that no {' or '.join(promised)} guest is lost"
    return line(text, tone=tone, is_strong=True)


def _lines(counts: Mapping[str, Value]) -> tuple[Line, ...]:
    basis = counts["basis"]
    assert isinstance(basis, Mapping)
    words = [f"{many} {_MEANING[name]}" for name, many in basis.items()]
    return (line(f"Who is lost: {', '.join(words)}. Every plan is verified.", tone=Tone.QUIET),) if words else ()


_MEANING = {
    "BOUND": "proven least by a bound",
    "EXACT": "proven least by the exact engine",
    "BEST_FOUND": "best found, not proven",
    "NONE": "not known",
}


def verdict_table(verdicts: Sequence[ScenarioVerdict]) -> Table:
    """A row for each scenario: how its last step ends."""
    columns = (
        Column("scenario", wrap=True),
        Column("lost", wrap=True),
        Column("restarted", is_number=True),
        Column("moved", is_number=True),
        Column("shrunk", is_number=True),
        Column("back after (s)", is_number=True, key="backLastS", unit="s"),
        Column("known", key="basis"),
        Column("remarks", wrap=True),
    )
    return Table(columns, tuple(map(_row, verdicts)), is_list=True, noun="scenario", name="verdicts")


def _row(verdict: ScenarioVerdict) -> Row:
    last = verdict.last
    lost = ", ".join(f"{many} {tier}" for tier, many in last.lost.items())
    is_bad = not last.plan_digest or str(last.outcome) == "INFEASIBLE"
    tone = Tone.BAD if is_bad else Tone.DOUBTFUL if lost else Tone.GOOD
    return (
        Cell(verdict.scenario),
        Cell(lost or ("nobody" if last.plan_digest else "not known"), tone, value=dict(last.lost)),
        *(number(sum(getattr(tier, name) for tier in last.tiers)) for name in ("restarted", "moved", "shrunk")),
        number(max((tier.back_last_s for tier in last.tiers), default=0)),
        Cell(_BASIS[last.basis], value=str(last.basis)),
        Cell("; ".join(_remarks(verdict)), Tone.BAD if verdict.unmet else Tone.PLAIN),
    )


def _remarks(verdict: ScenarioVerdict) -> list[str]:
    last = verdict.last
    return [
        *(f"{one.field}: {one.message}" for one in verdict.unmet),
        *(str(fault) for fault in last.refused if not verdict.unmet),
        *last.notes,
    ]


def verdicts_value(verdicts: Sequence[ScenarioVerdict], promised: Sequence[str]) -> dict[str, Value]:
    """All that is known, for programs."""
    return {**counts_of(verdicts, promised), "verdicts": tuple(map(_verdict_value, verdicts))}


def _verdict_value(verdict: ScenarioVerdict) -> Mapping[str, Value]:
    unmet = tuple({"field": one.field, "message": one.message} for one in verdict.unmet)
    return {"scenario": verdict.scenario, "unmet": unmet, "steps": tuple(map(_step_value, verdict.steps))}


def _step_value(step: StepVerdict) -> Mapping[str, Value]:
    return {
        "outcome": str(step.outcome),
        "basis": str(step.basis),
        "losses": tuple({"level": one.name, "value": one.value, "bound": one.bound} for one in step.losses),
        "tiers": tuple(map(_tier_value, step.tiers)),
        "broken": {rule: {"before": before, "after": after} for rule, (before, after) in step.broken.items()},
        "hardwareFailures": step.hardware_failures,
        "makespanS": step.makespan_s,
        "actions": step.actions,
        "planDigest": step.plan_digest,
        "refused": tuple({"reason": str(one.reason), "message": str(one)} for one in step.refused),
        "notes": step.notes,
    }


def _tier_value(tier: TierFate) -> Mapping[str, Value]:
    facts: dict[str, Value] = {"tier": tier.tier, "wanted": tier.wanted}
    for name in _FACTS:
        facts["ranBefore" if name == "ran_before" else name] = getattr(tier, name)
    return {**facts, "backMedianS": tier.back_median_s, "backLastS": tier.back_last_s}


def verdicts_junit(verdicts: Sequence[ScenarioVerdict], promised: Sequence[str]) -> str:
    """A test case for each scenario: it fails if it is not as expected, breaks the promise or has no plan."""
    failed = {i: why for i, verdict in enumerate(verdicts) if (why := failures_of(verdict, promised))}
    root = ET.Element("testsuites", name="trimtab whatif")
    counts = {"tests": str(len(verdicts)), "failures": str(len(failed))}
    suite = ET.SubElement(root, "testsuite", attrib={"name": "scenarios", **counts})
    for i, verdict in enumerate(verdicts):
        case = ET.SubElement(suite, "testcase", classname="scenarios", name=clean(verdict.scenario))
        if i in failed:
            failure = ET.SubElement(case, "failure", message=clean(failed[i][0]))
            failure.text = clean("\n".join(failed[i]))
    ET.indent(root)
    return ET.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def failures_of(verdict: ScenarioVerdict, promised: Sequence[str]) -> list[str]:
    """Why a scenario counts as failed; empty if it does not."""
    last = verdict.last
    lost = [f"{many} {tier} guests are lost" for tier, many in last.lost.items() if tier in promised]
    why = [f"{one.field}: {one.message}" for one in verdict.unmet] + lost
    if not last.plan_digest and not verdict.unmet:
        why += [*(str(fault) for fault in last.refused), *last.notes]
    return why
