"""Where disks are, as storage pools."""

from __future__ import annotations

from trimtab_solver.snapshot import PoolKind, StoragePool

from .dump import Dump, GanetiInstance, Node, Storage


class Pools:
    """A pool per node with local disks, per pair of nodes with mirrored ones, per group and kind of shared storage."""

    def __init__(self, dump: Dump) -> None:
        self._pools: dict[str, StoragePool] = {}
        self._reached: dict[str, list[str]] = {node.name: [] for node in dump.nodes}
        self._of: dict[int, str] = {}
        for instance in dump.instances:
            self._add(instance, dump)

    @property
    def all(self) -> tuple[StoragePool, ...]:
        """Every pool, in order of first use."""
        return tuple(self._pools.values())

    def of(self, instance: GanetiInstance) -> str:
        """The pool that holds the disks of the instance; empty if it has none."""
        return self._of.get(instance.line, "")

    def reached_by(self, node: Node) -> tuple[str, ...]:
        """The pools the node reaches."""
        return tuple(self._reached[node.name])

    def _add(self, instance: GanetiInstance, dump: Dump) -> None:
        primary, secondary = instance.primary, instance.secondary
        if instance.storage is Storage.NONE:
            return
        if instance.storage is Storage.SHARED:
            # whether storage crosses groups the dump does not say, and guests stay in their group anyway
            pool = f"{instance.template}/{primary.group.name}"
            kind, nodes = PoolKind.SHARED, [node for node in dump.nodes if node.group is primary.group]
        elif instance.storage is Storage.PAIR and secondary is not None:
            nodes = sorted((primary, secondary), key=lambda node: node.name)
            pool, kind = f"{instance.template}/{nodes[0].name}+{nodes[1].name}", PoolKind.MIRRORED
        else:
            pool, kind, nodes = f"local/{primary.name}", PoolKind.LOCAL, [primary]
        self._of[instance.line] = pool
        if pool not in self._pools:
            self._pools[pool] = StoragePool(pool, kind)
            for node in nodes:
                self._reached[node.name].append(pool)
