"""Counts what becomes of the guests, from the snapshot and the final placement alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from trimtab_solver.actions import Plan
from trimtab_solver.execution.carry_out import after_plan
from trimtab_solver.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class GuestCounts:
    """How many guests run now, and what becomes of them.

    `lost` counts wanted guests that do not run in the end, by tier; `moved` those that run now and in the end, on
    different hosts; `stopped` those that run now and not in the end.
    """

    running: int
    lost: Mapping[str, int]
    moved: int
    stopped: int

    @property
    def moved_percent(self) -> float:
        """Moved guests in percent of those that run now."""
        return 100.0 * self.moved / self.running if self.running else 0.0


def final_hosts(snapshot: Snapshot, plan: Plan) -> dict[str, str]:
    """Host of every guest that runs after the plan."""
    return {vm.id: vm.place for vm in after_plan(snapshot, plan).vms if vm.is_running}


def count_guests(snapshot: Snapshot, place: Mapping[str, str]) -> GuestCounts:
    """What becomes of the guests when they end at `place` (guest id to host id)."""
    lost: Counter[str] = Counter()
    running = moved = stopped = 0
    for vm in snapshot.vms:
        host = place.get(vm.id)
        if vm.is_running:
            running += 1
            stopped += host is None
            moved += host is not None and host != vm.place
        if vm.is_wanted and host is None:
            lost[vm.tier] += 1
    return GuestCounts(running, dict(lost), moved, stopped)
