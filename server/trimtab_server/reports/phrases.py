"""Actions, sizes and outcomes in words that need no manual."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, assert_never

from trimtab_solver.actions import Action, ActionKind, Phase
from trimtab_solver.outcome import Outcome

PHASES: Final[Mapping[Phase, str]] = {
    Phase.RESTORE: "bring back what is down",
    Phase.RECLAIM: "make room for it",
    Phase.REBALANCE: "repair rules, give back size, empty hosts that are draining",
}

OUTCOMES: Final[Mapping[Outcome, str]] = {
    Outcome.NO_ACTION_NEEDED: "nothing can be improved without a loss at a level that counts before",
    Outcome.OPTIMAL: "the plan is safe, and proven best at every level",
    Outcome.FEASIBLE: "the plan is safe; a better one may exist, see the levels",
    Outcome.UNREACHABLE: "no safe order leads to where more runs or less is broken; this goes as far as it can",
    Outcome.INFEASIBLE: "proven: not every guest that must run can run; the plan saves what can be saved",
    Outcome.REFUSED: "the input is wrong; nothing was planned",
    Outcome.STALE: "the plan was made for another snapshot or policy",
}


def describe_action(action: Action) -> str:
    """What the action does, in a few words."""
    vm, host = action.vm_id, action.host_id
    match action.kind:
        case ActionKind.FENCE_HOST:
            return f"fence {host}"
        case ActionKind.BOOT_HOST:
            return f"boot {host}"
        case ActionKind.SHUTDOWN_HOST:
            return f"shut down {host}"
        case ActionKind.MIGRATE_LIVE:
            return f"migrate {vm} {host} -> {action.target_host_id}"
        case ActionKind.MIGRATE_COLD:
            return f"move cold {vm} {host} -> {action.target_host_id}"
        case ActionKind.RESIZE:
            return f"{_resizing(action)} on {host}"
        case ActionKind.START | ActionKind.STOP | ActionKind.SUSPEND | ActionKind.RESUME:
            return f"{action.kind.value.lower()} {vm} on {host}"
        case _:
            assert_never(action.kind)


def _resizing(action: Action) -> str:
    before = action.undo.size if action.undo else {}
    changes = [(name, before[name], now) for name, now in action.size.items() if before.get(name, now) != now]
    shrinks = any(now < then for _, then, now in changes)
    verb = "shrink" if shrinks else "grow"
    words = ", ".join(f"{_resource(name)} {_change(name, then, now)}" for name, then, now in changes)
    return f"{verb} {action.vm_id} {words}"


def _resource(name: str) -> str:
    return {"cpu_milli": "CPU", "memory_mib": "memory", "disk_gib": "disk"}.get(name, name)


def _change(name: str, then: int, now: int) -> str:
    if name == "cpu_milli":
        return f"{then / 1000:g} -> {now / 1000:g}"
    if name == "memory_mib":
        before, after = f"{then / 1024:.3g}", f"{now / 1024:.3g}"
        return f"{before} -> {after} GiB" if before != after else f"{then} -> {now} MiB"
    if name == "disk_gib":
        return f"{then} -> {now} GiB"
    return f"{then} -> {now}"
