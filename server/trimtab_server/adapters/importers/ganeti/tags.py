"""Rules of a Ganeti cluster: node groups, and the tags that htools understands."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..imported import Notes
from ..layers import layers_of
from ..policy_writer import Draft
from .dump import Dump, GanetiInstance, Node, Storage

_EXCLUSION = "htools:iextags:"
_LOCATION = "htools:nlocation:"
_DESIRED = "htools:desiredlocation:"
_MIGRATION = "htools:migration:"
_ALLOWED = "htools:allowmigration:"
_RUNNING = ("running", "ERROR_up", "ERROR_wrongnode")
_WISH_WEIGHT = 10


@dataclass(slots=True)
class TagRules:
    """Tags and groups as labels, failure domains and documents."""

    drafts: dict[str, list[Draft]] = field(default_factory=dict)
    """By file."""
    guest_labels: dict[int, dict[str, str]] = field(default_factory=dict)
    """By the line of the instance."""
    host_labels: dict[str, dict[str, str]] = field(default_factory=dict)
    """By node."""
    locations: dict[str, str] = field(default_factory=dict)
    """Location tag to domain kind."""
    host_domains: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """By node."""

    def label_guest(self, instance: GanetiInstance, key: str, value: str) -> None:
        """Give a guest a label."""
        self.guest_labels.setdefault(instance.line, {})[key] = value

    def label_host(self, node: Node, key: str, value: str) -> None:
        """Give a host a label."""
        self.host_labels.setdefault(node.name, {})[key] = value

    def add(self, file: str, kind: str, name: str, spec: Mapping[str, Any], description: str) -> None:
        """Add a document to a file."""
        self.drafts.setdefault(file, []).append(Draft(kind, name, spec, description))


def translate_tags(dump: Dump, notes: Notes) -> TagRules:
    """All rules of the dump."""
    rules = TagRules()
    for node in dump.nodes:
        if node.tags:
            rules.label_host(node, "tags", ",".join(node.tags))
    for instance in dump.instances:
        if instance.tags:
            rules.label_guest(instance, "tags", ",".join(instance.tags))
    _translate_groups(dump, rules, notes)
    kinds = _translate_locations(dump, rules, notes)
    _translate_exclusion(dump, rules, kinds)
    _translate_desired(dump, rules, notes)
    _translate_migration(dump, rules, notes)
    known = (_EXCLUSION, _LOCATION, _DESIRED, _MIGRATION, _ALLOWED)
    for tag in dump.cluster_tags:
        if "|" in tag:
            notes.add("instance policies without a blank line before them stand among the tags and are left out", tag)
        elif not tag.startswith(known):
            notes.add("cluster tags that mean nothing for placement are left out", tag)
    return rules


def _values(dump: Dump, prefix: str) -> list[str]:
    """What follows the prefix in cluster tags."""
    return sorted({tag[len(prefix) :] for tag in dump.cluster_tags if tag.startswith(prefix) and tag != prefix})


def _translate_groups(dump: Dump, rules: TagRules, notes: Notes) -> None:
    for group in dump.groups:
        if group.policy == "unallocable":
            notes.add("unallocable groups take no guests of other groups; no guest leaves its group anyway", group.name)
        if group.tags:
            notes.add("tags of node groups are left out", group.name)
    if len(dump.groups) < 2:
        return
    for node in dump.nodes:
        rules.label_host(node, "nodegroup", node.group.name)
    homes: dict[str, None] = {}
    for instance in dump.instances:
        other = instance.secondary
        if instance.storage is Storage.PAIR and other is not None and other.group is not instance.primary.group:
            notes.add("instances split over two node groups may run in both", instance.name)
            continue
        rules.label_guest(instance, "nodegroup", instance.primary.group.name)
        homes[instance.primary.group.name] = None
    for name, used in zip(homes, _slugs(list(homes)), strict=True):
        match = {"matchLabels": {"nodegroup": name}}
        rules.add(
            "groups.yaml", "Pin", f"group-{used}", {"select": match, "hosts": match}, f"Guests of node group {name}"
        )


def _translate_locations(dump: Dump, rules: TagRules, notes: Notes) -> list[str]:
    kinds: list[str] = []
    prefixes = _values(dump, _LOCATION)
    if prefixes:
        notes.add("that primary and secondary lie in different locations is no rule here: secondaries do not move")
    for prefix, slug in zip(prefixes, _slugs(prefixes), strict=True):
        kind = f"location_{slug}"
        kinds.append(kind)
        for node in dump.nodes:
            own = [tag for tag in node.tags if tag.startswith(f"{prefix}:")]
            if len(own) > 1:
                notes.add("of several location tags of one kind a node keeps the first as failure domain", node.name)
            for tag in own:
                rules.locations[tag] = kind
                rules.label_host(node, _label(tag), "yes")
            if own:
                rules.host_domains[node.name] = (*rules.host_domains.get(node.name, ()), own[0])
    return kinds


def _translate_exclusion(dump: Dump, rules: TagRules, kinds: list[str]) -> None:
    prefixes = tuple(_values(dump, _EXCLUSION))
    members: dict[str, list[GanetiInstance]] = {}
    for instance in dump.instances:
        for tag in dict.fromkeys(instance.tags):
            if prefixes and tag.startswith(prefixes):
                members.setdefault(tag, []).append(instance)
    groups = [(tag, held) for tag, held in members.items() if len(held) > 1]
    sizes: Counter[str] = Counter()
    for (tag, held), layer in zip(groups, layers_of([[i.line for i in held] for _, held in groups]), strict=True):
        key = f"exclusion_{layer}"
        sizes[key] += 1
        for instance in held:
            rules.label_guest(instance, key, tag)
    for key, size in sizes.items():
        spec = {"select": {"cel": f"has(vm.labels.{key})"}, "groupBy": f"vm.labels.{key}"}
        name = key.replace("_", "-")
        host = {**spec, "topology": "host", "maxPerDomain": 1}
        rules.add("exclusion.yaml", "Spread", name, host, f"{size} exclusion tags")
        for kind in kinds:
            wish = {**spec, "topology": kind, "maxPerDomain": 1, "level": "should", "weight": _WISH_WEIGHT}
            described = f"{size} exclusion tags, over locations"
            rules.add("exclusion.yaml", "Spread", f"{name}-{kind.replace('_', '-')}", wish, described)


def _translate_desired(dump: Dump, rules: TagRules, notes: Notes) -> None:
    prefixes = tuple(f"{prefix}:" for prefix in _values(dump, _DESIRED))
    wanted: dict[str, None] = {}
    for instance in dump.instances:
        for tag in instance.tags:
            if prefixes and tag.startswith(prefixes):
                rules.label_guest(instance, f"desired_{_label(tag)}", "yes")
                wanted[tag] = None
    for number, tag in enumerate(wanted, 1):
        if tag not in rules.locations:
            notes.add("desired locations that no node is tagged with are wishes that cannot be met", tag)
        spec = {
            "select": {"matchLabels": {f"desired_{_label(tag)}": "yes"}},
            "require": f"has(host.labels.{_label(tag)})",
            "level": "should",
            "weight": _WISH_WEIGHT,
        }
        rules.add("locations.yaml", "HostRequirement", f"desired-{number}", spec, f"Guests that should be at {tag}")


def _translate_migration(dump: Dump, rules: TagRules, notes: Notes) -> None:
    prefixes = tuple(f"{prefix}:" for prefix in _values(dump, _MIGRATION))
    pairs = {tuple(value.split("::")) for value in _values(dump, _ALLOWED)}
    for value in _values(dump, _ALLOWED):
        if value.count("::") != 1:
            notes.add("allowmigration tags without source and target are left out", value)
    own = {
        node.name: frozenset(tag for tag in node.tags if prefixes and tag.startswith(prefixes)) for node in dump.nodes
    }
    targets: dict[frozenset[str], tuple[str, ...]] = {}
    for instance in dump.instances:
        tags = own[instance.primary.name]
        if not tags or instance.status not in _RUNNING or instance.primary.is_offline:
            continue
        if tags not in targets:
            targets[tags] = tuple(
                name
                for name, held in own.items()
                if all(tag in held or any((tag, z) in pairs for z in held) for tag in tags)
            )
            if len(targets[tags]) < len(own):
                spec = {
                    "select": {"matchLabels": {"migration": f"m{len(targets)}"}},
                    "hosts": {"ids": sorted(targets[tags])},
                }
                described = f"Guests that run on a node tagged {', '.join(sorted(tags))}"
                rules.add("migration.yaml", "Pin", f"migration-{len(targets)}", spec, described)
                notes.add("migration tags hold for the node where a guest runs now, not for moves in two steps")
        rules.label_guest(instance, "migration", f"m{list(targets).index(tags) + 1}")


def _label(tag: str) -> str:
    """The label that says a host is at the location; no two tags share one."""
    return "at_" + re.sub(r"[^A-Za-z0-9]", lambda found: "__" if found[0] == ":" else f"_{ord(found[0]):x}_", tag)


def _slugs(names: list[str]) -> list[str]:
    """Short lower-case names, all different."""
    slugs: list[str] = []
    for number, name in enumerate(names, 1):
        slug = re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")[:60]
        slugs.append(slug if slug and slug not in slugs else f"{slug}_{number}".strip("_"))
    return slugs
