"""proxlb-solver: one CP-SAT model that balances a cluster, with nodes in maintenance to be emptied.

Knows capacity, hard anti-affinity on nodes and pinning. Every guest must be placed: it cannot express stopping a guest,
so that a cluster with too little room is infeasible for it; nor tiers, racks and sites. A guest of a failed host is for
it one to be moved from a node in maintenance.
"""

from __future__ import annotations

import json
from pathlib import Path

from benchmarks.peers.installed import environment, version_of
from benchmarks.peers.peer import DidNotFinishError, PeerAnswer, cpus, down_hosts, groups_apart, run
from trimtab_solver.policy.documents import Policy
from trimtab_solver.snapshot import Snapshot

_DRIVER = """
import json, sys, time
from proxlb_solver.loader import load_scenario
from proxlb_solver.solver import solve
cluster = load_scenario(sys.argv[1])
began = time.monotonic()
solution = solve(cluster, float(sys.argv[2]))
wall_s = time.monotonic() - began
json.dump([solution.feasible, solution.stats.status, solution.placements, wall_s], open("answer.json", "w"))
"""


class ProxlbSolver:
    """The solver of ProxLB, at the setting that moves least."""

    name = "proxlb-solver"
    most_vms = 1250

    def version(self) -> str:
        """That of the package."""
        return version_of(environment("proxlb"), "proxlb-solver")

    def solve(self, snapshot: Snapshot, policy: Policy, seconds: float, folder: Path) -> PeerAnswer:
        """Its placement; an infeasible problem is no answer."""
        (folder / "answer.json").unlink(missing_ok=True)
        (folder / "scenario.yaml").write_text(json.dumps(scenario(snapshot)))
        python = str(environment("proxlb") / "bin" / "python")
        run([python, "-c", _DRIVER, "scenario.yaml", str(seconds)], seconds, folder)
        if not (folder / "answer.json").exists():
            raise DidNotFinishError(f"ended with an error, see {folder}/stderr")
        feasible, status, place, wall_s = json.loads((folder / "answer.json").read_text())
        if not feasible:
            raise DidNotFinishError(f"{status} after {wall_s:.1f} s: it cannot leave a guest out")
        down = down_hosts(snapshot)
        return PeerAnswer({vm: host for vm, host in place.items() if host not in down}, wall_s, status)


def scenario(snapshot: Snapshot) -> dict[str, object]:
    """The cluster as a scenario file. JSON is YAML."""
    down = down_hosts(snapshot)
    pins = []
    for need in sorted({vm.labels["needs"] for vm in snapshot.vms if "needs" in vm.labels}):
        nodes = [host.id for host in snapshot.hosts if need in host.capabilities]
        pins += [{"vm": vm.id, "nodes": nodes} for vm in snapshot.vms if vm.labels.get("needs") == need]
    apart = [
        {"name": group[0].group, "vms": [vm.id for vm in group], "hard": True}
        for group in groups_apart(snapshot, "host")
    ]
    return {
        "name": "recovery",
        "balancing": {"method": "memory", "mode": "assigned", "balanciness": 1, "cpu_overcommit": 1.0},
        "nodes": {
            host.id: {
                "cpu_total": cpus(host.capacity),
                "memory_total_gb": host.capacity["memory_mib"] / 1024,
                "maintenance": host.id in down,
            }
            for host in snapshot.hosts
        },
        "vms": {
            vm.id: {"node": vm.host_id, "cpu": cpus(vm.requested), "memory_gb": vm.requested["memory_mib"] / 1024}
            for vm in snapshot.vms
        },
        "constraints": {"anti_affinity": apart, "pin": pins},
    }
