"""Placement constraints of BtrPlace as few policy documents.

An instance has thousands of constraints over small sets of VMs. Sets that do not overlap share a layer: a label
whose value names the set, and one document that groups by the label.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..imported import Notes
from ..layers import layers_of
from ..policy_writer import Draft

Vms = frozenset[int]
Nodes = frozenset[int]
Partition = tuple[tuple[int, ...], ...]

_LONGEST_EXPRESSION = 4000


@dataclass(slots=True)
class PlacementConstraints:
    """Placement constraints as read, then as labels, domains and drafts (`translate`)."""

    spreads: dict[Vms, None] = field(default_factory=dict)
    gathers: dict[Vms, None] = field(default_factory=dict)
    lonely: dict[Vms, None] = field(default_factory=dict)
    splits: list[tuple[Vms, ...]] = field(default_factory=list)
    amongs: dict[Partition, dict[Vms, None]] = field(default_factory=dict)
    parted: list[tuple[Partition, tuple[Vms, ...]]] = field(default_factory=list)
    """Sets of VMs that must lie in different parts of a partition."""
    fences: dict[int, set[Nodes]] = field(default_factory=dict)
    """Per VM the sets of nodes it may run on: all of them hold."""

    def fence(self, vms: Iterable[int], nodes: Nodes) -> None:
        """Let the VMs run on the nodes only."""
        for vm in vms:
            self.fences.setdefault(vm, set()).add(nodes)


@dataclass(slots=True)
class Translation:
    """What the rules came to."""

    drafts: dict[str, list[Draft]] = field(default_factory=dict)
    """By file."""
    labels: dict[int, dict[str, str]] = field(default_factory=dict)
    """By VM."""
    partitions: dict[str, Partition] = field(default_factory=dict)
    """By domain kind."""

    def label(self, vms: Iterable[int], key: str, value: str) -> None:
        """Give the VMs a label."""
        for vm in vms:
            self.labels.setdefault(vm, {})[key] = value

    def add(self, file: str, kind: str, name: str, spec: Mapping[str, Any], description: str) -> None:
        """Add a document to a file."""
        self.drafts.setdefault(file, []).append(Draft(kind, name, spec, description))


def translate(rules: PlacementConstraints, host_names: Mapping[int, str], notes: Notes) -> Translation:
    """Labels, domain kinds and documents for all rules."""
    translation = Translation()
    for layer, key in _layers(rules.spreads, "spread", translation):
        spec = {"select": _having(key), "groupBy": f"vm.labels.{key}", "topology": "host", "maxPerDomain": 1}
        translation.add("spread.yaml", "Spread", _name(key), spec, f"{layer} spread constraints")
    for layer, key in _layers(rules.gathers, "gather", translation):
        spec = {"select": _having(key), "groupBy": f"vm.labels.{key}", "topology": "host"}
        translation.add("together.yaml", "Together", _name(key), spec, f"{layer} gather constraints")
    kinds = {
        partition: f"parts_{number}"
        for number, partition in enumerate([*rules.amongs, *(p for p, _ in rules.parted if p not in rules.amongs)], 1)
    }
    translation.partitions = {kind: partition for partition, kind in kinds.items()}
    _translate_among(rules, kinds, translation)
    _translate_separate(rules, kinds, translation)
    _translate_fences(rules, host_names, translation, notes)
    return translation


def _translate_among(rules: PlacementConstraints, kinds: Mapping[Partition, str], translation: Translation) -> None:
    for partition, groups in rules.amongs.items():
        kind = kinds[partition]
        for layer, key in _layers(groups, f"among_{kind}", translation):
            spec = {"select": _having(key), "groupBy": f"vm.labels.{key}", "topology": kind}
            translation.add(
                "together.yaml", "Together", _name(key), spec, f"{layer} among constraints over one partition"
            )


def _translate_separate(rules: PlacementConstraints, kinds: Mapping[Partition, str], translation: Translation) -> None:
    for number, vms in enumerate(rules.lonely, 1):
        key = f"lonely_{number}"
        translation.label(vms, key, "yes")
        spec = {"between": [{"matchLabels": {key: "yes"}}, {"cel": f"!has(vm.labels.{key})"}], "topology": "host"}
        translation.add("separate.yaml", "Separate", _name(key), spec, "a lonely constraint")
    separated = [("host", sets) for sets in rules.splits]
    separated += [(kinds[partition], sets) for partition, sets in rules.parted]
    for number, (topology, sets) in enumerate(separated, 1):
        key = f"split_{number}"
        for index, vms in enumerate(sets, 1):
            translation.label(vms, key, f"p{index}")
        between = [{"matchLabels": {key: f"p{index}"}} for index in range(1, len(sets) + 1)]
        translation.add(
            "separate.yaml", "Separate", _name(key), {"between": between, "topology": topology}, "a split constraint"
        )


def _translate_fences(
    rules: PlacementConstraints, host_names: Mapping[int, str], translation: Translation, notes: Notes
) -> None:
    every = frozenset(host_names)
    pinned: dict[Nodes, list[int]] = {}
    met: dict[frozenset[Nodes], Nodes] = {}
    for vm, sets in rules.fences.items():
        key = frozenset(sets)
        if key not in met:
            met[key] = every.intersection(*key)
        if met[key] != every:
            pinned.setdefault(met[key], []).append(vm)
    for number, (nodes, vms) in enumerate(pinned.items(), 1):
        if not nodes:
            notes.add("fences, bans and parts leave VMs no node at all", f"VM {vms[0]}")
        translation.label(vms, "pin", f"p{number}")
        spec = {"select": {"matchLabels": {"pin": f"p{number}"}}, "hosts": _hosts(nodes, every, host_names)}
        translation.add(
            "pins.yaml", "Pin", f"pin-{number}", spec, f"{len(vms)} VMs under the same fences, bans and parts"
        )


def _hosts(nodes: Nodes, every: Nodes, names: Mapping[int, str]) -> dict[str, Any]:
    others = every - nodes
    if len(others) < len(nodes):
        listed = ", ".join(_quoted(names[node]) for node in sorted(others))
        expression = f"!(host.id in [{listed}])"
        if len(expression) <= _LONGEST_EXPRESSION:
            return {"cel": expression}
    if not nodes:
        return {"cel": "false"}
    return {"ids": [names[node] for node in sorted(nodes)]}


def _quoted(name: str) -> str:
    return "'" + name.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _layers(groups: Iterable[Vms], prefix: str, translation: Translation) -> Sequence[tuple[int, str]]:
    """Label the groups; per layer how many it holds and its label key."""
    sizes: Counter[int] = Counter()
    groups = list(groups)
    for number, (group, layer) in enumerate(zip(groups, layers_of(groups), strict=True), 1):
        translation.label(group, f"{prefix}_{layer}", f"g{number}")
        sizes[layer] += 1
    return [(size, f"{prefix}_{layer}") for layer, size in sorted(sizes.items())]


def _having(key: str) -> dict[str, str]:
    return {"cel": f"has(vm.labels.{key})"}


def _name(key: str) -> str:
    return key.replace("_", "-")
