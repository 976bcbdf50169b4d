"""Cluster dumps of Ganeti's htools (the text backend) as snapshot and policy.

What is taken how:

* memory: what the node itself uses is reserved, and so is memory that neither the node, its running instances nor the
  free amount account for. Where more is free than there should be, the sizes of the instances decide;
* CPU: ``vcpu_ratio`` of the group's instance policy is the overcommit; the node's own CPUs count as virtual ones, as in
  htools;
* disks: nothing is planned. A guest runs where its disks are: on its node (plain, file: never migrated), on its primary
  or secondary (drbd), on every node of the group that shares the storage;
* an offline node is down and must be fenced; with a tag ``htools:standby:...`` and nothing on it, it is a cold spare;
* guests stay in their node group;
* exclusion tags are must rules, locations are failure domains, desired locations are wishes; migration tags restrict
  where a guest may go from where it runs now.
"""

from __future__ import annotations

from pathlib import Path

from trimtab_solver.snapshot import Snapshot

from ..imported import TIER_DRAFT, Imported, Notes, decoded
from ..policy_writer import Draft, write_documents
from .dump import parse_dump
from .guests import build_guests
from .nodes import build_hosts, location_domains
from .pools import Pools
from .tags import translate_tags

__all__ = ["Ganeti", "read_ganeti"]


class Ganeti:
    """The importer."""

    name = "ganeti"
    reads = "a dump of htools"

    def read(self, source: Path) -> Imported:
        """As `read_ganeti`."""
        return read_ganeti(source)


def read_ganeti(source: bytes | str | Path) -> Imported:
    """Read a dump: nodes and instances become the snapshot, tags and groups become documents and labels.

    Raises
    ------
    ImportRefusedError
        When the file is no dump, names groups or nodes that it does not hold, or has no nodes.
    """
    name = source.name if isinstance(source, Path) else "dump"
    dump = parse_dump(_text(source, name), name)
    notes = Notes()
    pools = Pools(dump)
    rules = translate_tags(dump, notes)
    snapshot = Snapshot(
        hosts=build_hosts(dump, pools, rules, notes),
        vms=build_guests(dump, pools, rules, notes),
        domains=location_domains(rules),
        storage_pools=pools.all,
    )
    drafts: dict[str, list[Draft]] = {"tiers.yaml": [TIER_DRAFT], **rules.drafts}
    return Imported(snapshot, {file: write_documents(held) for file, held in drafts.items()}, notes.lines())


def _text(source: bytes | str | Path, name: str) -> str:
    if isinstance(source, str):
        return source
    raw = source.read_bytes() if isinstance(source, Path) else source
    return decoded(raw, name, "give a dump as hscan or hbal -S write it")
