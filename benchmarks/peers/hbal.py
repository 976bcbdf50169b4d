"""Ganeti's ``hbal`` in evacuation mode: moves instances off nodes that are offline, then stops.

Knows capacity and anti-affinity of instances (exclusion tags, at the level of nodes, as a term of its score). Cannot
express tiers, stopping a guest for another, racks and sites as hard limits, or requirements on nodes.
"""

from __future__ import annotations

from pathlib import Path

from benchmarks.peers.peer import PeerAnswer, cpus, down_hosts, first_line, program, run
from trimtab_solver.policy.documents import Policy
from trimtab_solver.snapshot import Snapshot

_PROGRAM = ("hbal", "ganeti-htools ganeti-htools-3.0")
_GROUP = "group-uuid"
_POLICY = "0,1,0,1,0,0|0,1,0,1,0,0;1048576,1024,1048576,16,8,1024|ext|1.0|1024.0"
_NAME, _PRIMARY = 0, 6


class Hbal:
    """The balancer of Ganeti."""

    name = "ganeti hbal"
    most_vms = 5000

    def version(self) -> str:
        """As it says itself."""
        return first_line([program(_PROGRAM[0], package=_PROGRAM[1]), "--version"])

    def solve(self, snapshot: Snapshot, policy: Policy, seconds: float, folder: Path) -> PeerAnswer:
        """Where it leaves the instances; those still on an offline node do not run."""
        (folder / "cluster.data").write_text(cluster_text(snapshot))
        command = [
            program(_PROGRAM[0], package=_PROGRAM[1]),
            "-t",
            "cluster.data",
            "-E",
            "--max-cpu=1.0",
            "-S",
            "result",
            "-q",
        ]
        _, wall_s = run(command, seconds, folder)
        down = down_hosts(snapshot)
        rows = (folder / "result.balanced").read_text().split("\n\n")[2].splitlines()
        placed = [(fields[_NAME], fields[_PRIMARY]) for fields in (row.split("|") for row in rows)]
        return PeerAnswer({vm: host for vm, host in placed if host not in down}, wall_s)


def cluster_text(snapshot: Snapshot) -> str:
    """The cluster in the text format of htools: groups, nodes, instances, tags, policies."""
    down = down_hosts(snapshot)
    used = {host.id: 0 for host in snapshot.hosts}
    for vm in snapshot.vms:
        used[vm.host_id] += vm.requested["memory_mib"]
    nodes = []
    for host in snapshot.hosts:
        memory = host.capacity["memory_mib"]
        offline = "Y" if host.id in down else "N"
        nodes.append(f"{host.id}|{memory}|0|{memory - used[host.id]}|1|1|{cpus(host.capacity)}|{offline}|{_GROUP}|1")
    instances = []
    for vm in snapshot.vms:
        status = "ERROR_nodeoffline" if vm.host_id in down else "running"
        tag = f"apart:{vm.group}" if vm.labels.get("apart") else ""
        size = f"{vm.requested['memory_mib']}|0|{cpus(vm.requested)}"
        instances.append(f"{vm.id}|{size}|{status}|Y|{vm.host_id}||ext|{tag}|1")
    sections = (
        [f"group|{_GROUP}|preferred||"],
        nodes,
        instances,
        ["htools:iextags:apart"],
        [f"|{_POLICY}", f"group|{_POLICY}"],
    )
    return "\n\n".join("\n".join(section) for section in sections) + "\n"
