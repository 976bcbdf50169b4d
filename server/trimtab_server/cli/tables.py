"""Answers as tables for people: what happens to whom, which actions, what stays down, how good the plan is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import zip_longest

from trimtab_solver.actions import Action, Phase, Plan
from trimtab_solver.failures import event_of
from trimtab_solver.outcome import Answer, FrontierPoint, LevelValue, Outcome, StaysDown, TierCount
from trimtab_solver.snapshot import HostState, Snapshot
from trimtab_solver.verify.violation import Violation

from .page import Cell, Column, Page
from .phrases import PHASES, describe_action, describe_level, describe_proof, headline, short_level
from .quantities import abbreviate, plural, spell_seconds
from .sites import SiteCount

_GOOD = frozenset({Outcome.NO_ACTION_NEEDED, Outcome.OPTIMAL})
_BAD = frozenset({Outcome.INFEASIBLE, Outcome.UNREACHABLE})
_NAMED = 6

ACTION_COLUMNS = (
    Column("no.", is_number=True),
    Column("from", is_number=True),
    Column("action", wrap=True, most=44),
    Column("reason", wrap=True),
)
TIER_COLUMNS = (
    "tier", "ran before", "displaced", "restarted", "moved", "shrunk", "suspended", "stopped", "stays down",
    "runs after",
)  # fmt: skip


def tier_row(count: TierCount) -> tuple[str, ...]:
    """The counts of a tier in the order of `TIER_COLUMNS`."""
    numbers = (
        count.ran_before, count.displaced, count.restarted, count.moved, count.shrunk, count.suspended,
        count.stopped, count.stays_down, count.runs_after,
    )  # fmt: skip
    return (count.tier, *map(str, numbers))


def write_verdict(page: Page, answer: Answer, snapshot: Snapshot) -> None:
    """The outcome, and what happened to the cluster."""
    style = "green" if answer.outcome in _GOOD else "red" if answer.outcome in _BAD else "yellow"
    page.line(headline(answer), f"bold {style}")
    page.line(describe_event(snapshot, answer.hardware_failures))


def describe_event(snapshot: Snapshot, hardware_failures: int) -> str:
    """What the snapshot shows to have failed."""
    event = event_of(snapshot)
    down = [host.id for host in snapshot.hosts if host.state is HostState.DOWN]
    if not down:
        return f"No host is down; {plural(hardware_failures, 'hardware failure')}."
    where = f" ({', '.join(event.failed_domains)})" if event.failed_domains else ""
    return (
        f"{plural(hardware_failures, 'hardware failure')}{where}: {plural(len(down), 'host')} down ({_names(down)}), "
        f"{plural(event.displaced_vms, 'guest')} displaced."
    )


def write_sites(page: Page, sites: Sequence[SiteCount], tiers: Sequence[str]) -> None:
    """Hosts, guests and load of every site."""
    columns = [Column("site"), Column("hosts up", is_number=True), Column("down", is_number=True)]
    columns += [Column(f"{tier} running", is_number=True) for tier in tiers]
    columns.append(Column("memory given", is_number=True))
    rows: list[list[str | Cell]] = []
    for site in sites:
        running = site.running or {}
        rows.append(
            [
                site.site,
                str(site.hosts - site.down),
                Cell(str(site.down), "red" if site.down else ""),
                *(str(running.get(tier, 0)) for tier in tiers),
                f"{site.load:.0%}",
            ]
        )
    page.table(columns, rows)


def write_tiers(page: Page, counts: Sequence[TierCount]) -> None:
    """What becomes of the guests of each tier."""
    columns = [Column(title, is_number=index > 0) for index, title in enumerate(TIER_COLUMNS)]
    rows: list[list[str | Cell]] = []
    for count in counts:
        row: list[str | Cell] = list(tier_row(count))
        row[-2] = Cell(str(count.stays_down), "bold red" if count.stays_down else "")
        rows.append(row)
    page.table(columns, rows)
    if started := sum(count.started for count in counts):
        page.line(f"Besides: {plural(started, 'guest')} that did not run before the failure will run.", indent=2)
    if interrupted := sum(count.interrupted for count in counts):
        page.line(f"Besides: {plural(interrupted, 'guest')} stopped or suspended on the way, to run again.", indent=2)


def write_actions(page: Page, plan: Plan, limit: int | None, *, is_varied: bool = False) -> None:
    """The actions by phase, the first `limit` of each; if varied, the first of every kind of action before others."""
    for phase in Phase:
        actions = [action for action in plan.actions if action.phase is phase]
        if not actions:
            continue
        page.line()
        page.line(f"{phase} - {PHASES[phase]} ({plural(len(actions), 'action')})", "bold", indent=2)
        shown = _varied(actions, limit) if is_varied and limit is not None else actions[:limit]
        page.table(ACTION_COLUMNS, [action_row(action) for action in shown])
        if len(shown) < len(actions):
            page.line(f"... and {len(actions) - len(shown)} more", "dim", indent=2)


def write_stays_down(page: Page, stays_down: Sequence[StaysDown], limit: int | None) -> None:
    """Who does not run after the plan, and why; equal reasons once."""
    reasons: dict[tuple[str, str], list[str]] = {}
    for one in stays_down:
        reasons.setdefault((one.tier, one.reason), []).append(one.vm_id)
    grouped = list(reasons.items())
    shown = grouped[:limit]
    rows = [(_names(vms, 3), tier, reason) for (tier, reason), vms in shown]
    page.table((Column("guest"), Column("tier"), Column("why", wrap=True)), rows)
    if rest := sum(len(vms) for _, vms in grouped[len(shown) :]):
        page.line(f"... and {plural(rest, 'more guest')}", "dim", indent=2)


def write_levels(page: Page, levels: Sequence[LevelValue]) -> None:
    """How good the plan is, and what is proven."""
    rows: list[list[str | Cell]] = []
    for level in levels:
        proof = Cell(describe_proof(level), "green" if level.gap == 0 else "yellow")
        rows.append([level.name, str(level.value), proof, describe_level(level.name)])
    page.table((Column("level"), Column("value", is_number=True), Column("proof"), Column("counts", wrap=True)), rows)


FRONTIER_COLUMNS = ("guests", "may move", "moved")


def frontier_rows(points: Sequence[FrontierPoint]) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """The head and the rows of the frontier; of the levels only those that are not zero at every point.

    A cell is value/bound, or the value alone where it is proven best.
    """
    names = [level.name for level in points[0].levels] if points else []
    shown = [i for i in range(len(names)) if any(point.levels[i].value for point in points)]
    rows = [
        (
            f"{point.share_percent:g} %",
            str(point.allowed_moves),
            str(point.moves),
            *(_value(point.levels[i]) for i in shown),
        )
        for point in points
    ]
    return (*FRONTIER_COLUMNS, *(short_level(names[i]) for i in shown)), rows


def write_frontier(page: Page, points: Sequence[FrontierPoint]) -> None:
    """What moving more guests buys."""
    head, rows = frontier_rows(points)
    page.table([Column(title, is_number=True) for title in head], rows)


def _value(level: LevelValue) -> str:
    return abbreviate(level.value) if level.gap == 0 else f"{abbreviate(level.value)}/{abbreviate(level.bound)}"


def write_values(page: Page, levels: Sequence[tuple[str, int]], claimed: Mapping[str, int]) -> None:
    """The levels as the verifier counts them, beside what the plan file says."""
    rows: list[list[str | Cell]] = []
    for name, value in levels:
        said = claimed.get(name)
        agrees = said == value
        rows.append([name, str(value), Cell("-" if said is None else str(said), "" if agrees else "bold red")])
    page.table((Column("level"), Column("recomputed", is_number=True), Column("plan file", is_number=True)), rows)


def write_violations(page: Page, violations: Sequence[Violation], limit: int | None) -> None:
    """What the verifier objects to."""
    shown = violations[:limit]
    rows = [(_step(one), one.code.value, one.host_id, one.resource or one.rule, one.message) for one in shown]
    columns = (Column("action"), Column("promise"), Column("host"), Column("resource/rule"), Column("found", wrap=True))
    page.table(columns, rows)
    if len(shown) < len(violations):
        page.line(f"... and {len(violations) - len(shown)} more", "dim", indent=2)


def action_row(action: Action) -> tuple[str, str, str, str]:
    """The action in the order of `ACTION_COLUMNS`."""
    return (str(action.id), spell_seconds(action.earliest_start_s), describe_action(action), action.reason)


def _varied(actions: Sequence[Action], limit: int) -> list[Action]:
    """At most `limit` actions, taken from all kinds in turn, in the order of the plan."""
    kinds: dict[str, list[Action]] = {}
    for action in actions:
        kinds.setdefault(action.kind, []).append(action)
    turns = [action for turn in zip_longest(*kinds.values()) for action in turn if action is not None]
    return sorted(turns[:limit], key=lambda action: action.id)


def _step(violation: Violation) -> str:
    return str(violation.step) if violation.step else "end state"


def _names(names: Sequence[str], limit: int = _NAMED) -> str:
    more = len(names) - limit
    return ", ".join(names[:limit]) + (f" and {more} more" if more > 0 else "")
