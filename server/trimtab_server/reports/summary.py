"""A plan in a few lines: who is back by when, who is lost and why, and what it costs."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence

from trimtab_solver.actions import Action, ActionKind, Plan
from trimtab_solver.amounts import describe_amount
from trimtab_solver.outcome import Answer, StaysDown

from .quantities import plural, spell_seconds

_CAUSES = 3
"""So many causes are told; the table has the others."""


def summarise(answer: Answer) -> Iterator[str]:
    """One sentence each, without those about which there is nothing to say."""
    if back := describe_returns(answer.plan):
        yield f"Back: {back}."
    if answer.stays_down:
        yield f"Lost: {describe_losses(answer.stays_down)}."
    if costs := describe_costs(answer.plan):
        yield f"Costs: {costs}."


def describe_returns(plan: Plan) -> str:
    """Per tier, how many guests are started and when the last of them runs, by the estimates of the plan."""
    ends: defaultdict[str, list[int]] = defaultdict(list)
    for action in plan.actions:
        if action.kind.arrives:
            ends[_tier(action)].append(action.earliest_start_s + action.duration_s)
    return "; ".join(
        f"{tier} {plural(len(all_), 'guest')} by {spell_seconds(max(all_))}" for tier, all_ in ends.items()
    )


def describe_arrivals(actions: Iterable[Action], tiers: Sequence[str]) -> str:
    """How many guests of which tier begin to run, in the order of `tiers`: ``gold 3, silver 12``."""
    counts = Counter(_tier(action) for action in actions if action.kind.arrives)
    return ", ".join(f"{tier} {counts[tier]}" for tier in dict.fromkeys((*tiers, *counts)) if counts[tier])


def describe_losses(stays_down: Sequence[StaysDown]) -> str:
    """How many guests of which tier stay down for which cause, the most first."""
    counts = Counter((one.tier, one.reason.split("; ")[0]) for one in stays_down)
    told = [f"{plural(number, 'guest')} of {tier} ({cause})" for (tier, cause), number in counts.most_common(_CAUSES)]
    rest = len(stays_down) - sum(number for _, number in counts.most_common(_CAUSES))
    return "; ".join(told) + (f"; {rest} more for other causes" if rest else "")


def describe_costs(plan: Plan) -> str:
    """Moves, stops, spares, and what guests give back for as long as the plan's end state lasts."""
    kinds = Counter(action.kind for action in plan.actions)
    live, cold = kinds[ActionKind.MIGRATE_LIVE], kinds[ActionKind.MIGRATE_COLD]
    parts = [
        f"{plural(live + cold, 'move')}" + (f" ({cold} cold, each an outage)" if cold else "") if live + cold else "",
        plural(kinds[ActionKind.STOP], "stop") if kinds[ActionKind.STOP] else "",
        plural(kinds[ActionKind.SUSPEND], "suspension") if kinds[ActionKind.SUSPEND] else "",
        f"{plural(kinds[ActionKind.BOOT_HOST], 'spare')} booted" if kinds[ActionKind.BOOT_HOST] else "",
        *_given_back(plan),
    ]
    return ", ".join(part for part in parts if part)


def _given_back(plan: Plan) -> Iterator[str]:
    """Per tier, the guests that are smaller after all their resizes, and what they give back."""
    first: dict[str, Action] = {}
    last: dict[str, Action] = {}
    for action in plan.actions:
        if action.kind is ActionKind.RESIZE and action.undo is not None:
            first.setdefault(action.vm_id, action)
            last[action.vm_id] = action
    amounts: defaultdict[str, Counter[str]] = defaultdict(Counter)
    guests = Counter[str]()
    for vm_id, action in first.items():
        before = action.undo.size if action.undo is not None else {}
        less = {name: size - last[vm_id].size.get(name, size) for name, size in before.items()}
        less = {name: amount for name, amount in less.items() if amount > 0}
        if less:
            guests[_tier(action)] += 1
            amounts[_tier(action)].update(less)
    for tier, number in guests.items():
        given = " and ".join(describe_amount(name, amount) for name, amount in sorted(amounts[tier].items()))
        yield f"{plural(number, 'guest')} of {tier} give{'s' if number == 1 else ''} back {given}"


def _tier(action: Action) -> str:
    """The first document behind an action on a guest is its tier."""
    return action.rules[0] if action.rules else "any tier"
