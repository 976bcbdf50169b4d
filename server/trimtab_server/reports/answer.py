"""The report of an answer, in the order in which an operator asks; its parts are shown elsewhere too."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import chain

from trimtab_solver.failures import event_of
from trimtab_solver.outcome import (
    Answer,
    Blocker,
    BrokenRule,
    FrontierPoint,
    LevelValue,
    Outcome,
    StaysDown,
    TierCount,
)
from trimtab_solver.snapshot import HostState, Snapshot

from .action_tables import plan_sections
from .levels import abbreviate_value, level_table, short_level, unit_of
from .model import (
    Block,
    Cell,
    Column,
    Digest,
    HeatMap,
    Items,
    Line,
    Report,
    Row,
    Section,
    Table,
    Tone,
    Value,
    cells,
    line,
    number,
)
from .quantities import plural, some
from .quarantine import quarantine_section
from .summary import summarise
from .timeline import timeline_of
from .verdict import headline, losses, meaning

_TONES = {
    Outcome.NO_ACTION_NEEDED: Tone.GOOD,
    Outcome.OPTIMAL: Tone.GOOD,
    Outcome.INFEASIBLE: Tone.BAD,
    Outcome.UNREACHABLE: Tone.BAD,
}
_NAMED = 6
_RULES = {"(room)": "room on the host", "(suitability)": "suitable hosts"}
"""What stands for the name of a rule where no document is the reason, in words."""
_STATES = {HostState.DRAINING.value, HostState.MAINTENANCE.value}
_TIER_COLUMNS = (
    "ran before", "displaced", "restarted", "moved", "shrunk", "suspended", "stopped", "stays down", "runs after",
)  # fmt: skip

_ALWAYS = {"ran before", "stays down", "runs after"}
"""Columns that a terminal shows even when they are all zero."""


def answer_report(answer: Answer, snapshot: Snapshot, heat_maps: Sequence[HeatMap] = ()) -> Report:
    """Verdict, guests by tier, actions with reasons, what stays down and why, and how good it is.

    `heat_maps` show the hosts before and after the plan.
    """
    return Report(
        verdict=line(headline(answer), tone=_TONES.get(answer.outcome, Tone.DOUBTFUL), is_strong=True),
        blocks=tuple(_summary(answer, snapshot)),
        sections=tuple(_sections(answer, heat_maps)),
        basis=(_basis(answer),),
        facts=_facts(answer),
    )


def _summary(answer: Answer, snapshot: Snapshot) -> Iterator[Line]:
    if any(losses(answer)):
        text = meaning(answer)
        yield line(f"{text[0].upper()}{text[1:]}.")
    yield line(describe_event(snapshot, answer.hardware_failures))
    yield from map(line, summarise(answer))
    if not answer.plan.actions:
        # with nothing to do, why nothing is done is the answer
        yield from map(line, answer.notes)


def _sections(answer: Answer, heat_maps: Sequence[HeatMap]) -> Iterator[Section]:
    if answer.quarantined:
        yield quarantine_section(answer.quarantined)
    if answer.tiers:
        yield Section("Guests by tier", tier_blocks(answer.tiers))
    if heat_maps:
        remark = "how much of the room of each host is given to guests"
        yield Section("Hosts before and after the plan", tuple(heat_maps), remark, is_drawn=True)
    if answer.plan.actions:
        remark = "by the estimates of the plan"
        yield Section("Timeline", (timeline_of(answer.plan),), remark, is_drawn=True)
        yield from plan_sections(answer)
    if answer.stays_down:
        yield Section(f"Stays down: {plural(len(answer.stays_down), 'guest')}", (stays_down_table(answer.stays_down),))
    if answer.broken_rules:
        remark = "amounts as the verifier counts them"
        yield Section("What remains broken", (broken_rules_table(answer.broken_rules),), remark)
    if answer.blockers:
        title = f"Stays on hosts to be emptied: {plural(len(answer.blockers), 'guest')}"
        yield Section(title, (blockers_table(answer.blockers),))
    remark = "levels in order of importance, smaller is better"
    yield Section("How good the plan is", (level_table(answer.levels),), remark)
    if answer.frontier:
        remark = "value/bound; states found, not yet plans"
        yield Section("What moving more guests buys", (frontier_table(answer.frontier),), remark)
    if answer.notes and answer.plan.actions:
        yield Section("Notes", (Items(answer.notes),))


def _facts(answer: Answer) -> dict[str, Value]:
    certificate = answer.certificate
    return {
        "outcome": answer.outcome.value,
        "hardwareFailures": answer.hardware_failures,
        "makespanS": answer.plan.makespan_s,
        "verified": certificate.verified,
        "engine": answer.engine,
        "seed": certificate.seed,
        "snapshotDigest": certificate.snapshot_digest,
        "policyDigest": certificate.policy_digest,
    }


def _basis(answer: Answer) -> Line:
    certificate = answer.certificate
    return line(
        f"{'Verified' if certificate.verified else 'NOT verified'} by replay. Engine {answer.engine}, seed "
        f"{certificate.seed}, snapshot ",
        Digest(certificate.snapshot_digest),
        ", policy ",
        Digest(certificate.policy_digest),
        ".",
        tone=Tone.QUIET,
    )


def describe_event(snapshot: Snapshot, hardware_failures: int) -> str:
    """What the snapshot shows to have failed: hosts, and paths to storage that guests need where they run."""
    return " ".join((_describe_hosts(snapshot, hardware_failures), *_describe_paths(snapshot)))


def _describe_paths(snapshot: Snapshot) -> Iterator[str]:
    """A sentence for the hosts that run guests whose storage pool they do not reach."""
    reached = {host.id: host.storage_pool_ids for host in snapshot.hosts}
    needed = Counter((vm.place, vm.storage_pool_id) for vm in snapshot.vms if vm.is_running and vm.storage_pool_id)
    lost = {(host, pool): n for (host, pool), n in needed.items() if pool not in reached.get(host, (pool,))}
    if lost:
        told = [f"{host} to {pool} ({plural(count, 'guest')} there)" for (host, pool), count in lost.items()]
        yield f"No path to storage: {some(told, _NAMED)}."


def _describe_hosts(snapshot: Snapshot, hardware_failures: int) -> str:
    event = event_of(snapshot)
    down = [host.id for host in snapshot.hosts if host.state is HostState.DOWN]
    if not down:
        return f"No host is down; {plural(hardware_failures, 'hardware failure')}."
    where = f" ({', '.join(event.failed_domains)})" if event.failed_domains else ""
    return (
        f"{plural(hardware_failures, 'hardware failure')}{where}: {plural(len(down), 'host')} down "
        f"({some(down, _NAMED)}), {plural(event.displaced_vms, 'guest')} displaced."
    )


def tier_blocks(counts: Sequence[TierCount]) -> tuple[Block, ...]:
    """What becomes of the guests of each tier."""
    rows = tuple(map(_tier_row, counts))
    columns = (
        Column("tier"),
        *(
            Column(title, is_number=True, needs_room=title not in _ALWAYS and not any(row[at].value for row in rows))
            for at, title in enumerate(_TIER_COLUMNS, 1)
        ),
    )
    blocks: list[Block] = [Table(columns, rows, name="tiers")]
    if started := sum(count.started for count in counts):
        text = f"Besides: {plural(started, 'guest')} that did not run before will run."
        blocks.append(line(text, indent=2))
    if interrupted := sum(count.interrupted for count in counts):
        text = f"Besides: {plural(interrupted, 'guest')} stopped or suspended on the way, to run again."
        blocks.append(line(text, indent=2))
    return tuple(blocks)


def _tier_row(count: TierCount) -> Row:
    numbers = (
        count.ran_before, count.displaced, count.restarted, count.moved, count.shrunk, count.suspended, count.stopped,
    )  # fmt: skip
    down = number(count.stays_down, Tone.BAD, is_strong=True) if count.stays_down else number(0)
    return (*cells(count.tier, *numbers), down, number(count.runs_after))


def stays_down_table(stays_down: Sequence[StaysDown]) -> Table:
    """Who does not run after the plan, and why."""
    rows = tuple(cells(one.vm_id, one.tier, one.reason) for one in stays_down)
    columns = (Column("guest"), Column("tier"), Column("why", wrap=True))
    return Table(columns, rows, is_list=True, noun="guest", is_grouped=True, name="staysDown")


def broken_rules_table(broken: Sequence[BrokenRule]) -> Table:
    """Every key of a rule that is broken after the plan, with the amounts of breach."""
    columns = (
        Column("where", wrap=True, key="key"),
        Column("rule", wrap=True, most=32),
        Column("level"),
        Column("before", is_number=True),
        Column("after", is_number=True),
    )
    rows = tuple(
        (
            Cell(one.key),
            Cell(_RULES.get(one.rule, one.rule), value=one.rule),
            *cells(one.level, one.amount_before, one.amount_after),
        )
        for one in broken
    )
    return Table(columns, rows, is_list=True, noun="broken key", name="brokenRules")


def blockers_table(blockers: Sequence[Blocker]) -> Table:
    """Guests that stay on hosts that are to be emptied, and why."""
    columns = (Column("guest"), Column("tier"), Column("host"), Column("emptied by"), Column("why", wrap=True))
    rows = tuple(
        (
            *cells(one.vm_id, one.tier, one.host_id),
            Cell(one.emptied_by.lower() if one.emptied_by in _STATES else one.emptied_by, value=one.emptied_by),
            Cell(one.reason, value={"reason": one.reason, "rules": one.rules}),
        )
        for one in blockers
    )
    return Table(columns, rows, is_list=True, noun="guest", is_grouped=True, name="blockers")


def frontier_table(points: Sequence[FrontierPoint]) -> Table:
    """What moving more guests buys; of the levels only those that are not zero at every point.

    A cell is value/bound, or the value alone where it is proven best.
    """
    levels = [{level.name: level for level in point.levels} for point in points]
    names = [name for name in dict.fromkeys(chain(*levels)) if any(name in one and one[name].value for one in levels)]
    columns = (
        Column("guests", is_number=True, unit="%"),
        Column("may move", is_number=True),
        Column("moved", is_number=True),
        *(Column(short_level(name), is_number=True, key=name, unit=unit_of(name).key) for name in names),
    )
    rows = tuple(
        (
            Cell(f"{point.share_percent:g} %", value=point.share_percent),
            *cells(point.allowed_moves, point.moves),
            *(_value(one.get(name)) for name in names),
        )
        for point, one in zip(points, levels, strict=True)
    )
    return Table(columns, rows, name="frontier")


def _value(level: LevelValue | None) -> Cell:
    if level is None:
        return Cell("-", value=None)
    bound = "" if level.gap == 0 else f"/{abbreviate_value(level.name, level.bound)}"
    return Cell(
        f"{abbreviate_value(level.name, level.value)}{bound}", value={"value": level.value, "bound": level.bound}
    )
