"""The model of a BtrPlace instance, typed and checked; constraints stay as read."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..imported import Notes, malformed, unknown
from .json_reader import as_amount, as_id, as_int, as_list, as_object, as_string, field, parse_json

SLOTS = "slots"
"""A made-up resource: one per VM, for limits on how many may run and for VMs that take nothing else."""
_USUAL_NAMES = {"memory": "memory_mib", "mem": "memory_mib", "cpu": "cpu_milli", "ucpu": "cpu_milli"}


@dataclass(frozen=True, slots=True)
class Resource:
    """A ShareableResource view: what nodes have and VMs take of one resource."""

    name: str
    """Our name for it."""
    capacity: Mapping[int, int]
    consumption: Mapping[int, int]
    default_capacity: int
    default_consumption: int

    def has(self, node: int) -> int:
        """What the node has of it."""
        return self.capacity.get(node, self.default_capacity)

    def takes(self, vm: int) -> int:
        """What the VM takes of it."""
        return self.consumption.get(vm, self.default_consumption)


@dataclass(frozen=True, slots=True)
class BtrPlaceInstance:
    """Nodes and VMs by number, with the names they get in the snapshot."""

    online: tuple[int, ...]
    offline: tuple[int, ...]
    running: Mapping[int, int]
    """VM to node."""
    sleeping: Mapping[int, int]
    ready: tuple[int, ...]
    resources: Mapping[str, Resource]
    """By the name BtrPlace uses (``rcId``)."""
    host_names: Mapping[int, str]
    vm_names: Mapping[int, str]
    vm_attributes: Mapping[int, Mapping[str, Any]]
    node_attributes: Mapping[int, Mapping[str, Any]]
    link_mbps: Mapping[int, int]
    constraints: tuple[dict[str, Any], ...]


def parse_instance(raw: bytes, name: str, notes: Notes) -> BtrPlaceInstance:
    """The checked content of an instance file."""
    top = as_object(parse_json(raw, name), name)
    model = as_object(field(top, "model", name), "model")
    mapping = as_object(field(model, "mapping", "model"), "model.mapping")
    running: dict[int, int] = {}
    sleeping: dict[int, int] = {}
    online: list[int] = []
    vms: set[int] = set()
    for key, held in as_object(field(mapping, "onlineNodes", "model.mapping"), "model.mapping.onlineNodes").items():
        path = f"model.mapping.onlineNodes.{key}"
        guests = as_object(held, path)
        node = as_id(key, path)
        online.append(node)
        for vm in _new(guests.get("runningVMs", []), f"{path}.runningVMs", vms):
            running[vm] = node
        for vm in _new(guests.get("sleepingVMs", []), f"{path}.sleepingVMs", vms):
            sleeping[vm] = node
    offline = _new(mapping.get("offlineNodes", []), "model.mapping.offlineNodes", set(online))
    ready = _new(mapping.get("readyVMs", []), "model.mapping.readyVMs", vms)
    views = [
        as_object(view, f"model.views[{index}]")
        for index, view in enumerate(as_list(model.get("views", []), "model.views"))
    ]
    attributes = as_object(model.get("attributes", {}), "model.attributes")
    instance = BtrPlaceInstance(
        online=tuple(sorted(online)),
        offline=tuple(sorted(offline)),
        running=running,
        sleeping=sleeping,
        ready=tuple(sorted(ready)),
        resources=_resources(views, notes),
        host_names=_names(views, "node", "n", [*online, *offline]),
        vm_names=_names(views, "vm", "vm", sorted(vms)),
        vm_attributes=_attributes(attributes, "vms"),
        node_attributes=_attributes(attributes, "nodes"),
        link_mbps=_links(views, notes),
        constraints=tuple(
            as_object(constraint, f"constraints[{index}]")
            for index, constraint in enumerate(as_list(top.get("constraints", []), "constraints"))
        ),
    )
    for index, view in enumerate(views):
        if view.get("id") not in ("shareableResource", "ns", "net"):
            notes.add("views of this kind are not known and are left out", f"model.views[{index}]: {view.get('id')}")
    _note_attributes(instance, notes)
    objective = top.get("objective")
    if objective is not None:
        notes.add(
            "the objective is left out: levels and move costs decide", str(as_object(objective, "objective").get("id"))
        )
    return instance


def _ids(value: Any, path: str) -> list[int]:
    return [as_int(item, f"{path}[{index}]") for index, item in enumerate(as_list(value, path))]


def _new(value: Any, path: str, seen: set[int]) -> list[int]:
    """The numbers in a list, none of which may have been seen before."""
    numbers = _ids(value, path)
    for number in numbers:
        if number in seen:
            raise malformed(path, f"{number} is in two places", "every VM and node has one state")
        seen.add(number)
    return numbers


def _numbers(value: Any, path: str) -> dict[int, int]:
    return {as_id(key, path): as_amount(item, f"{path}.{key}") for key, item in as_object(value, path).items()}


def _resources(views: list[dict[str, Any]], notes: Notes) -> dict[str, Resource]:
    found: dict[str, Resource] = {}
    for index, view in enumerate(views):
        if view.get("id") != "shareableResource":
            continue
        path = f"model.views[{index}]"
        known = as_string(field(view, "rcId", path), f"{path}.rcId")
        plain = re.sub(r"[^a-z0-9]+", "_", known.lower()).strip("_") or "resource"
        taken = {SLOTS, *(resource.name for resource in found.values())}
        name = _USUAL_NAMES.get(plain, plain)
        if name in taken:
            name = plain if plain not in taken else f"{plain}_{index}"
        if name != known:
            notes.add("resources are renamed; their numbers stay as they are", f"{known} is {name}")
        found[known] = Resource(
            name,
            _numbers(view.get("nodes", {}), f"{path}.nodes"),
            _numbers(view.get("vms", {}), f"{path}.vms"),
            as_amount(view.get("defCapacity", 0), f"{path}.defCapacity"),
            as_amount(view.get("defConsumption", 0), f"{path}.defConsumption"),
        )
    return found


def _names(views: list[dict[str, Any]], kind: str, prefix: str, numbers: list[int]) -> dict[int, str]:
    names = {number: f"{prefix}{number}" for number in numbers}
    for index, view in enumerate(views):
        if view.get("id") == "ns" and view.get("type", "vm") == kind:
            path = f"model.views[{index}].map"
            for name, number in as_object(view.get("map", {}), path).items():
                if not name or not name.isprintable():
                    raise malformed(path, f"{name!r} is not a name", "names have printable characters only")
                if as_int(number, f"{path}.{name}") in names:
                    names[number] = name
    return names


def _attributes(attributes: dict[str, Any], key: str) -> dict[int, dict[str, Any]]:
    path = f"model.attributes.{key}"
    found = as_object(attributes.get(key, {}), path)
    return {as_id(number, path): as_object(values, f"{path}.{number}") for number, values in found.items()}


def _note_attributes(instance: BtrPlaceInstance, notes: Notes) -> None:
    left_out = {name for values in instance.vm_attributes.values() for name in values} - {"boot"}
    left_out |= {name for values in instance.node_attributes.values() for name in values} - {"boot"}
    for name in sorted(left_out):
        notes.add("attributes are left out, except boot (restart and boot times in seconds)", name)


def _links(views: list[dict[str, Any]], notes: Notes) -> dict[int, int]:
    slowest: dict[int, int] = {}
    for index, view in enumerate(views):
        if view.get("id") != "net":
            continue
        notes.add("of the network only the nodes' own links are kept, as migration bandwidth", f"model.views[{index}]")
        for position, link in enumerate(as_list(view.get("links", []), f"model.views[{index}].links")):
            path = f"model.views[{index}].links[{position}]"
            end = as_object(as_object(link, path).get("physicalElement", {}), f"{path}.physicalElement")
            capacity = as_int(link.get("capacity", -1), f"{path}.capacity")
            if end.get("type") == "node" and capacity > 0:
                node = as_int(field(end, "id", path), f"{path}.physicalElement.id")
                slowest[node] = min(capacity, slowest.get(node, capacity))
    return slowest


def known_vms(instance: BtrPlaceInstance, value: Any, path: str) -> list[int]:
    """The VMs a constraint names, all of which must be in the model."""
    return _known(value, path, instance.vm_names, "VM")


def known_nodes(instance: BtrPlaceInstance, value: Any, path: str) -> list[int]:
    """The nodes a constraint names, all of which must be in the model."""
    return _known(value, path, instance.host_names, "node")


def _known(value: Any, path: str, names: Mapping[int, str], word: str) -> list[int]:
    numbers = _ids(value, path)
    for number in numbers:
        if number not in names:
            raise unknown(
                path, f"{word} {number} is not in model.mapping", f"remove it or add the {word} to the mapping"
            )
    return sorted(set(numbers))
