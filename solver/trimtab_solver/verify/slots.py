"""Judges migration slots: no host takes part in more migrations at a time than it has slots for."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from heapq import heappop, heappush

from ..actions import Plan
from .case import Case
from .durations import LATEST_S
from .kinds import is_migration
from .violation import Code, Violation


def slot_faults(case: Case, plan: Plan) -> Iterator[Violation]:
    """A violation for each migration that begins while a host at one of its ends has no slot left.

    A migration takes a slot at both ends. A host without slots is taken to have one: else nothing could ever leave it.
    """
    migrations: defaultdict[str, list[tuple[int, int, int]]] = defaultdict(list)
    for place, action in enumerate(plan.actions, 1):
        if is_migration(action.kind):
            for host_id in {action.host_id, action.target_host_id}:
                end = action.earliest_start_s + action.duration_s
                migrations[host_id].append((action.earliest_start_s, end, place))
    for host_id, spans in migrations.items():
        host = case.hosts.get(host_id)
        if host is None:
            continue
        ends: list[int] = []
        for start, end, place in sorted(spans):
            # what begins where estimates end begins at some time later
            while ends and (ends[0] <= start or start == LATEST_S):
                heappop(ends)
            heappush(ends, end)
            if len(ends) > max(1, host.migration_slots):
                message = f"begins at {start} s, when all {host.migration_slots} migration slots of {host_id} are taken"
                yield Violation(place, Code.TIMING, message, host_id=host_id)
