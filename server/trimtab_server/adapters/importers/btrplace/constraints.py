"""Reads the constraints of a BtrPlace instance."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..imported import TIER_DRAFT, Notes, malformed, unknown
from ..policy_writer import write_documents
from .instance import BtrPlaceInstance, known_nodes, known_vms
from .json_reader import as_amount, as_list, as_string
from .json_reader import field as field_of
from .rules import Partition, PlacementConstraints, Translation, Vms, translate


@dataclass(slots=True)
class Wishes:
    """What the constraints ask for, apart from placement: states, sizes, capacities."""

    vm_states: dict[int, str] = field(default_factory=dict)
    """running, ready, sleeping or killed."""
    node_states: dict[int, str] = field(default_factory=dict)
    """online or offline."""
    preserved: dict[tuple[int, str], int] = field(default_factory=dict)
    """Least amount per VM and resource."""
    node_caps: dict[tuple[int, str], int] = field(default_factory=dict)
    """Most that may be used, per node and resource."""
    running_caps: dict[int, int] = field(default_factory=dict)
    """Most VMs that may run, per node."""
    overbooking: dict[tuple[int, str], int] = field(default_factory=dict)
    """Percent per node and resource."""
    rooted: set[int] = field(default_factory=set)
    translation: Translation = field(default_factory=Translation)

    def files(self) -> dict[str, bytes]:
        """The policy files."""
        drafts = {"tiers.yaml": [TIER_DRAFT], **self.translation.drafts}
        return {file: write_documents(documents) for file, documents in drafts.items()}


def read_constraints(instance: BtrPlaceInstance, notes: Notes) -> Wishes:
    """Everything the constraints ask for; what cannot be expressed goes to the notes."""
    reader = _Reader(instance, notes)
    for index, constraint in enumerate(instance.constraints):
        reader.read(constraint, f"constraints[{index}]")
    reader.wishes.translation = translate(reader.rules, instance.host_names, notes)
    return reader.wishes


class _Reader:
    def __init__(self, instance: BtrPlaceInstance, notes: Notes) -> None:
        self.wishes = Wishes()
        self.rules = PlacementConstraints()
        self._instance = instance
        self._notes = notes
        self._every = frozenset(instance.host_names)
        self._partitions: dict[tuple[tuple[int, ...], ...], Partition] = {}
        self._kinds: Mapping[str, Callable[[dict[str, Any], str], None]] = {
            "running": self._vm_state,
            "ready": self._vm_state,
            "sleeping": self._vm_state,
            "killed": self._vm_state,
            "online": self._node_state,
            "offline": self._node_state,
            "spread": self._spread,
            "gather": self._gather,
            "lonely": self._lonely,
            "split": self._split,
            "among": self._among,
            "splitAmong": self._split_among,
            "fence": self._fence,
            "ban": self._ban,
            "root": self._root,
            "preserve": self._preserve,
            "overbook": self._overbook,
            "resourceCapacity": self._resource_capacity,
            "runningCapacity": self._running_capacity,
        }

    def read(self, constraint: dict[str, Any], path: str) -> None:
        """Take in one constraint."""
        kind = as_string(field_of(constraint, "id", path), f"{path}.id")
        take = self._kinds.get(kind)
        if take is None:
            self._notes.add(f"{kind} constraints cannot be expressed and are left out", path)
            return
        if constraint.get("continuous") is False and take not in (self._vm_state, self._node_state):
            self._notes.add("constraints that need hold only at the end hold at every step here", f"{path}: {kind}")
        take(constraint, path)

    def _vm_state(self, constraint: dict[str, Any], path: str) -> None:
        for vm in self._vms(constraint, path):
            self.wishes.vm_states[vm] = constraint["id"]

    def _node_state(self, constraint: dict[str, Any], path: str) -> None:
        for node in self._nodes(constraint, path):
            self.wishes.node_states[node] = constraint["id"]

    def _spread(self, constraint: dict[str, Any], path: str) -> None:
        self._group(self.rules.spreads, constraint, path)

    def _gather(self, constraint: dict[str, Any], path: str) -> None:
        self._group(self.rules.gathers, constraint, path)

    def _lonely(self, constraint: dict[str, Any], path: str) -> None:
        self.rules.lonely[frozenset(self._vms(constraint, path))] = None

    def _group(self, groups: dict[Vms, None], constraint: dict[str, Any], path: str) -> None:
        vms = frozenset(self._vms(constraint, path))
        if len(vms) > 1:
            groups[vms] = None

    def _split(self, constraint: dict[str, Any], path: str) -> None:
        parts = self._parts(constraint, "parts", path, self._known_vms)
        if len(parts) > 1:
            self.rules.splits.append(tuple(map(frozenset, parts)))

    def _among(self, constraint: dict[str, Any], path: str) -> None:
        partition = self._partition(constraint, "parts", path)
        self._keep_in_part(frozenset(self._vms(constraint, path)), partition)

    def _split_among(self, constraint: dict[str, Any], path: str) -> None:
        partition = self._partition(constraint, "pParts", path)
        sets = [frozenset(part) for part in self._parts(constraint, "vParts", path, self._known_vms)]
        for vms in sets:
            self._keep_in_part(vms, partition)
        if len(sets) > 1:
            self.rules.parted.append((partition, tuple(sets)))

    def _keep_in_part(self, vms: Vms, partition: Partition) -> None:
        covered = frozenset(node for part in partition for node in part)
        if covered != self._every:
            self.rules.fence(vms, covered)
        if len(partition) > 1 and len(vms) > 1:
            self.rules.amongs.setdefault(partition, {})[vms] = None

    def _partition(self, constraint: dict[str, Any], key: str, path: str) -> Partition:
        # hundreds of constraints repeat one partition of thousands of nodes: check it once
        raw = constraint.get(key)
        try:
            seen = tuple(map(tuple, raw)) if isinstance(raw, list) else None
            if seen in self._partitions:
                return self._partitions[seen]
        except TypeError:
            seen = None
        parts = self._parts(constraint, key, path, self._known_nodes)
        partition = tuple(sorted(tuple(part) for part in parts))
        if seen is not None:
            self._partitions[seen] = partition
        return partition

    def _fence(self, constraint: dict[str, Any], path: str) -> None:
        self.rules.fence(self._vms(constraint, path), frozenset(self._nodes(constraint, path)))

    def _ban(self, constraint: dict[str, Any], path: str) -> None:
        self.rules.fence(self._vms(constraint, path), self._every - frozenset(self._nodes(constraint, path)))

    def _root(self, constraint: dict[str, Any], path: str) -> None:
        self.wishes.rooted.update(self._vms(constraint, path))

    def _preserve(self, constraint: dict[str, Any], path: str) -> None:
        resource = self._resource(constraint, path)
        amount = as_amount(field_of(constraint, "amount", path), f"{path}.amount")
        for vm in self._vms(constraint, path):
            key = (vm, resource)
            self.wishes.preserved[key] = max(amount, self.wishes.preserved.get(key, 0))

    def _overbook(self, constraint: dict[str, Any], path: str) -> None:
        resource = self._resource(constraint, path)
        ratio = field_of(constraint, "ratio", path)
        if isinstance(ratio, bool) or not isinstance(ratio, int | float) or not 0 < ratio <= 1_000:
            raise malformed(f"{path}.ratio", f"is {ratio!r}", "give a ratio such as 1.5")
        percent = round(ratio * 100, 6)
        if percent != int(percent):
            self._notes.add("overbooking ratios are rounded down to whole percents", f"{path}: {ratio}")
        for node in self._nodes(constraint, path):
            self.wishes.overbooking[node, resource] = max(1, int(percent))

    def _resource_capacity(self, constraint: dict[str, Any], path: str) -> None:
        resource = self._resource(constraint, path)
        node = self._single_node(constraint, path)
        amount = as_amount(field_of(constraint, "amount", path), f"{path}.amount")
        if node is not None:
            key = (node, resource)
            self.wishes.node_caps[key] = min(amount, self.wishes.node_caps.get(key, amount))

    def _running_capacity(self, constraint: dict[str, Any], path: str) -> None:
        node = self._single_node(constraint, path)
        amount = as_amount(field_of(constraint, "amount", path), f"{path}.amount")
        if node is not None:
            self.wishes.running_caps[node] = min(amount, self.wishes.running_caps.get(node, amount))

    def _single_node(self, constraint: dict[str, Any], path: str) -> int | None:
        nodes = self._nodes(constraint, path)
        if len(nodes) == 1:
            return nodes[0]
        self._notes.add(f"{constraint['id']} over several nodes cannot be expressed and is left out", path)
        return None

    def _resource(self, constraint: dict[str, Any], path: str) -> str:
        name = as_string(field_of(constraint, "rc", path), f"{path}.rc")
        if name not in self._instance.resources:
            known = ", ".join(self._instance.resources) or "none"
            raise unknown(f"{path}.rc", f'there is no resource "{name}"', f"resources of the model: {known}")
        return name

    def _vms(self, constraint: dict[str, Any], path: str) -> list[int]:
        if "vms" in constraint:
            return self._known_vms(constraint["vms"], f"{path}.vms")
        return self._known_vms([field_of(constraint, "vm", path)], f"{path}.vm")

    def _nodes(self, constraint: dict[str, Any], path: str) -> list[int]:
        if "nodes" in constraint:
            return self._known_nodes(constraint["nodes"], f"{path}.nodes")
        return self._known_nodes([field_of(constraint, "node", path)], f"{path}.node")

    def _known_vms(self, value: Any, path: str) -> list[int]:
        return known_vms(self._instance, value, path)

    def _known_nodes(self, value: Any, path: str) -> list[int]:
        return known_nodes(self._instance, value, path)

    def _parts(
        self, constraint: dict[str, Any], key: str, path: str, read: Callable[[Any, str], list[int]]
    ) -> list[list[int]]:
        path = f"{path}.{key}"
        parts = [read(part, f"{path}[{index}]") for index, part in enumerate(as_list(constraint.get(key), path))]
        seen: set[int] = set()
        for part in parts:
            if not seen.isdisjoint(part):
                shared = min(seen.intersection(part))
                raise malformed(path, f"{shared} is in two parts", "parts must not overlap")
            seen.update(part)
        return parts
