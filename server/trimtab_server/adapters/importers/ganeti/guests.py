"""Instances of a Ganeti cluster as guests."""

from __future__ import annotations

from trimtab_solver.snapshot import Migratability, Vm, VmState

from ..imported import TIER, Notes
from .dump import Dump, GanetiInstance, Storage
from .nodes import STOPPED, USES_MEMORY
from .pools import Pools
from .tags import TagRules


def build_guests(dump: Dump, pools: Pools, rules: TagRules, notes: Notes) -> tuple[Vm, ...]:
    """A guest per instance. htools tells instances of one name apart by position, we by a number behind the name."""
    names = {instance.name for instance in dump.instances}
    seen: dict[str, int] = {}
    guests = []
    for instance in dump.instances:
        name = instance.name
        count = seen[name] = seen.get(name, 0) + 1
        if count > 1:
            name = _free_name(f"{instance.name}~{count}", names)
            notes.add("instances of the same name get a number", f"line {instance.line}: {name}")
        guests.append(_guest(instance, name, pools, rules, notes))
    return tuple(guests)


def _free_name(name: str, names: set[str]) -> str:
    while name in names:
        name += "~"
    names.add(name)
    return name


def _guest(instance: GanetiInstance, name: str, pools: Pools, rules: TagRules, notes: Notes) -> Vm:
    if not instance.is_balanced:
        notes.add("that an instance is not balanced automatically is left out", name)
    if instance.storage is Storage.PAIR and instance.secondary is None:
        notes.add("mirrored instances without a secondary node stay on their primary", name)
    elif instance.secondary is not None and instance.storage is not Storage.PAIR:
        notes.add("secondary nodes of instances that are not mirrored are left out", name)
    is_local = instance.storage is Storage.LOCAL or (instance.storage is Storage.PAIR and instance.secondary is None)
    state = _state(instance, notes)
    requested = {"cpu_milli": instance.vcpus * 1000, "memory_mib": instance.memory}
    has_place = state in (VmState.RUNNING, VmState.DISPLACED)
    return Vm(
        id=name,
        tier=TIER,
        labels=rules.guest_labels.get(instance.line, {}),
        requested={resource: amount for resource, amount in requested.items() if amount},
        state=state,
        host_id=instance.primary.name if has_place else "",
        home_host_id=instance.primary.name,
        storage_pool_id=pools.of(instance),
        migratability=Migratability.NONE if is_local else Migratability.LIVE,
    )


def _state(instance: GanetiInstance, notes: Notes) -> VmState:
    status = instance.status
    if instance.is_forthcoming:
        notes.add("instances that do not exist yet (forthcoming) count as stopped", instance.name)
        return VmState.STOPPED
    if status in STOPPED:
        return VmState.STOPPED
    if instance.primary.is_offline:
        return VmState.DISPLACED
    if status in USES_MEMORY:
        if status == "ERROR_up":
            notes.add("instances that run although they should not (ERROR_up) keep running", instance.name)
        if status == "ERROR_wrongnode":
            notes.add("instances on a wrong node (ERROR_wrongnode) count as running on their primary", instance.name)
        return VmState.RUNNING
    notes.add(f"instances that should run but do not ({status}) are to be started", instance.name)
    return VmState.PENDING
