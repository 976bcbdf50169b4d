"""Nodes of a Ganeti cluster as hosts."""

from __future__ import annotations

import math

from trimtab_solver.snapshot import FailureDomain, Host, HostState

from ..imported import Notes
from .dump import DEFAULT_VCPU_RATIO, Dump, Node
from .pools import Pools
from .tags import TagRules

_STANDBY = "htools:standby:"
USES_MEMORY = frozenset({"running", "ERROR_up", "ERROR_wrongnode"})
"""Statuses of instances that hold memory on their primary node."""
STOPPED = frozenset({"ADMIN_down", "ADMIN_offline", "USER_down"})
"""Statuses of instances that are down on purpose."""


def build_hosts(dump: Dump, pools: Pools, rules: TagRules, notes: Notes) -> tuple[Host, ...]:
    """A host per node."""
    held = dict.fromkeys((node.name for node in dump.nodes), 0)
    populated: set[str] = set()
    for instance in dump.instances:
        if instance.status not in STOPPED and not instance.is_forthcoming:
            populated.add(instance.primary.name)
        if instance.status in USES_MEMORY and not instance.is_forthcoming:
            held[instance.primary.name] += instance.memory
    notes.add("disk space, spindles, N+1 reserves and limits on instance sizes are left out")
    return tuple(
        _host(node, held[node.name], _state(node, node.name in populated, notes), dump, pools, rules, notes)
        for node in dump.nodes
    )


def location_domains(rules: TagRules) -> tuple[FailureDomain, ...]:
    """The failure domains that location tags name."""
    used = {domain for domains in rules.host_domains.values() for domain in domains}
    return tuple(FailureDomain(tag, kind) for tag, kind in rules.locations.items() if tag in used)


def _host(node: Node, held: int, state: HostState, dump: Dump, pools: Pools, rules: TagRules, notes: Notes) -> Host:
    ratio = _ratio(node, dump, notes)
    percent = max(1, int(round(ratio * 100, 6)))
    if percent != round(ratio * 100, 6):
        notes.add("vcpu ratios are rounded down to whole percents", f"node {node.name}: {ratio}")
    cpu, memory = node.cpus * 1000, node.memory
    if not node.is_known:
        own = [instance for instance in dump.instances if instance.primary is node]
        cpu = max(1, sum(instance.vcpus for instance in own)) * 1000
        memory = max(1, sum(instance.memory for instance in own))
    if node.cpu_speed not in ("", "1.0", "1"):
        notes.add("CPU speeds are left out", f"node {node.name}: {node.cpu_speed}")
    return Host(
        id=node.name,
        domain_ids=rules.host_domains.get(node.name, ()),
        capacity={"cpu_milli": cpu, "memory_mib": memory},
        reserved={
            # htools counts the node's own CPUs among the virtual ones
            "cpu_milli": min(cpu, math.ceil(node.cpus_of_node * 100_000 / percent)),
            "memory_mib": _reserved_memory(node, held, state, notes),
        },
        overcommit_percent={"cpu_milli": percent},
        state=state,
        labels=rules.host_labels.get(node.name, {}),
        storage_pool_ids=pools.reached_by(node),
    )


def _state(node: Node, is_populated: bool, notes: Notes) -> HostState:
    if not node.is_offline:
        return HostState.UP
    if not node.is_known:
        notes.add("nodes of unknown size are down; their instances' sizes stand in for it", node.name)
        return HostState.DOWN
    if not is_populated and any(tag.startswith(_STANDBY) for tag in node.tags):
        notes.add("offline nodes with a standby tag are cold spares", node.name)
        return HostState.STANDBY
    notes.add("offline nodes are down, and not known to be fenced", node.name)
    return HostState.DOWN


def _reserved_memory(node: Node, held: int, state: HostState, notes: Notes) -> int:
    if state is not HostState.UP:
        return min(node.memory, node.memory_of_node)
    missing = node.memory - node.memory_of_node - node.memory_free - held
    if missing > 0:
        notes.add("memory that nothing accounts for is reserved", f"node {node.name}: {missing} MiB")
    elif missing < 0:
        notes.add(
            "more memory is free than the sizes of the running instances leave; their sizes count",
            f"node {node.name}: {-missing} MiB",
        )
    return min(node.memory, node.memory_of_node + max(0, missing))


def _ratio(node: Node, dump: Dump, notes: Notes) -> float:
    ratio = dump.vcpu_ratios.get(node.group.name, dump.vcpu_ratios.get(""))
    if ratio is None:
        notes.add(f"without an instance policy a CPU is shared by {DEFAULT_VCPU_RATIO} virtual ones", node.name)
        return DEFAULT_VCPU_RATIO
    return ratio
