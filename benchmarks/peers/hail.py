"""Ganeti's ``hail``, which `gnt-node evacuate` asks where instances of a failed node go, one after another.

Instances are handed over in the order of their tiers, which is the one way to give it priorities. Knows capacity and
anti-affinity as `hbal` does; what fits nowhere stays down.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

from benchmarks.peers.peer import DidNotFinishError, PeerAnswer, cpus, down_hosts, first_line, program, run, stays
from trimtab_solver.policy.documents import Policy
from trimtab_solver.snapshot import Host, Snapshot, Vm, VmState

_PROGRAM: Final = ("hail", "/usr/lib/ganeti/iallocators/hail")
_PACKAGE: Final = "ganeti-htools ganeti-htools-3.0"
_GROUP: Final = "group-uuid"
_TIERS: Final = ("gold", "silver", "bronze")
_SPECS: Final = ("memory-size", "cpu-count", "disk-size", "disk-count", "nic-count", "spindle-use")
_LEAST: Final = dict.fromkeys(_SPECS, 0) | {"memory-size": 1, "cpu-count": 1}
_MOST: Final = dict.fromkeys(_SPECS, 1024) | {
    "memory-size": 1 << 20,
    "disk-size": 1 << 20,
    "disk-count": 16,
    "nic-count": 8,
}
_POLICY: Final = {
    "minmax": [{"min": _LEAST, "max": _MOST}],
    "std": _LEAST,
    "disk-templates": ["ext"],
    "vcpu-ratio": 1.0,
    "spindle-ratio": 1024.0,
}


class Hail:
    """The allocator of Ganeti."""

    name = "ganeti hail"
    most_vms = 25_000

    def version(self) -> str:
        """As it says itself."""
        return first_line([self._program(), "--version"])

    def solve(self, snapshot: Snapshot, policy: Policy, seconds: float, folder: Path) -> PeerAnswer:
        """Everything that runs stays; what it moved off the failed nodes runs where it says."""
        (folder / "request.json").write_text(json.dumps(request(snapshot)))
        printed, wall_s = run([self._program(), "request.json"], seconds, folder)
        answer = json.loads(printed)
        if not answer["success"]:
            raise DidNotFinishError(answer["info"])
        moved, _failed, _jobs = answer["result"]
        return PeerAnswer(stays(snapshot) | {vm: hosts[0] for vm, _, hosts in moved}, wall_s)

    @staticmethod
    def _program() -> str:
        return program(*_PROGRAM, package=_PACKAGE)


def request(snapshot: Snapshot) -> dict[str, Any]:
    """The cluster and what is asked, in the format of the iallocator protocol, version 2."""
    down = down_hosts(snapshot)
    used = {host.id: 0 for host in snapshot.hosts}
    for vm in snapshot.vms:
        used[vm.host_id] += vm.requested["memory_mib"]
    displaced = [vm for vm in snapshot.vms if vm.state is VmState.DISPLACED]
    displaced.sort(key=lambda vm: (_TIERS.index(vm.tier), -vm.requested["memory_mib"]))
    return {
        "version": 2,
        "cluster_name": "cluster",
        "cluster_tags": ["htools:iextags:apart"],
        "enabled_hypervisors": ["kvm"],
        "ipolicy": _POLICY,
        "nodegroups": {
            _GROUP: {"name": "group", "alloc_policy": "preferred", "networks": [], "ipolicy": _POLICY, "tags": []}
        },
        "nodes": {host.id: _node(host, used[host.id], is_down=host.id in down) for host in snapshot.hosts},
        "instances": {vm.id: _instance(vm) for vm in snapshot.vms},
        "request": {
            "type": "node-evacuate",
            "evac_mode": "primary-only",
            "instances": [vm.id for vm in displaced],
        },
    }


def _node(host: Host, used: int, *, is_down: bool) -> dict[str, Any]:
    node: dict[str, Any] = {
        "group": _GROUP,
        "offline": is_down,
        "drained": False,
        "vm_capable": True,
        "master_capable": True,
        "tags": [],
        "primary_ip": "",
        "secondary_ip": "",
        "ndparams": {"spindle_count": 1, "exclusive_storage": False, "oob_program": None, "cpu_speed": 1.0},
    }
    if is_down:
        return node
    return node | {
        "total_memory": host.capacity["memory_mib"],
        "reserved_memory": 0,
        "free_memory": host.capacity["memory_mib"] - used,
        "i_pri_memory": used,
        "i_pri_up_memory": used,
        "total_disk": 1,
        "free_disk": 1,
        "total_spindles": 1,
        "free_spindles": 1,
        "total_cpus": cpus(host.capacity),
        "reserved_cpus": 0,
    }


def _instance(vm: Vm) -> dict[str, Any]:
    return {
        "tags": [f"apart:{vm.group}"] if vm.labels.get("apart") else [],
        "should_run": True,
        "admin_state": "up",
        "disks_active": True,
        "vcpus": cpus(vm.requested),
        "memory": vm.requested["memory_mib"],
        "spindle_use": 1,
        "os": "any",
        "hypervisor": "kvm",
        "nodes": [vm.host_id],
        "disks": [],
        "nics": [],
        "disk_template": "ext",
        "disk_space_total": 0,
    }
