"""Times for plans that are made by hand or changed."""

from __future__ import annotations

from dataclasses import replace

from trimtab_solver.actions import Plan
from trimtab_solver.snapshot import Snapshot
from trimtab_solver.verify.durations import seconds_of


def timed(snapshot: Snapshot, plan: Plan) -> Plan:
    """The plan one action after the other, each taking what it should: nothing is wrong with its times.

    Actions that name unknown guests or hosts take no time.
    """
    vms, hosts = {vm.id: vm for vm in snapshot.vms}, {host.id: host for host in snapshot.hosts}
    actions, now_s = [], 0
    for action in plan.actions:
        duration_s = seconds_of(action, vms, hosts) or 0
        actions.append(replace(action, earliest_start_s=now_s, duration_s=duration_s))
        now_s += duration_s
    return Plan(tuple(actions))
