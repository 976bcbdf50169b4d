"""Random scenarios on random clusters."""

from __future__ import annotations

import random
from typing import Any

from trimtab_solver.execution.parts import Parts
from trimtab_solver.scenarios.scenario import Scenario
from trimtab_solver.snapshot import Snapshot


def random_scenario(snapshot: Snapshot, chance: random.Random) -> Scenario:
    """One to three steps of whatever may happen to the cluster."""
    steps = [_step(snapshot, chance) for _ in range(chance.randint(1, 3))]
    for step in steps[1:]:
        step["carry_out"] = chance.random() < 0.7
    return Scenario.model_validate({"name": "random", **steps[0], "steps": steps[1:]}, by_name=True)


def _step(snapshot: Snapshot, chance: random.Random) -> dict[str, Any]:
    parts = Parts(snapshot)
    hosts, pools = list(parts.hosts), list(parts.pools)
    resource = chance.choice(sorted(snapshot.hosts[0].capacity))
    happens: dict[str, Any] = {
        "fail": [chance.choice([*hosts, *pools])],
        "drain": [chance.choice(hosts)],
        "recover": [chance.choice([*hosts, *pools])],
        "add_hosts": [{"like": chance.choice(snapshot.hosts).id, "number": 1}],
        "degrade": [{"parts": [chance.choice(hosts)], "capacity": {resource: chance.choice((0, 50, 100))}}],
    }
    if snapshot.vms:
        vm = chance.choice(snapshot.vms)
        happens["add_guests"] = [{"like": vm.id, "number": 1}]
        happens["scale"] = [{"select": {"ids": [vm.id]}, "percent": {resource: chance.choice((50, 150))}}]
    return {name: happens[name] for name in chance.sample(sorted(happens), chance.randint(1, 2))}
