"""What rules compile against: the selected guests and hosts as indices, failure domains as arrays."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..errors import Fault, Reason
from ..policy.documents import Document, RuleSpec, Selector
from ..policy.memo import is_current
from ..policy.selection import Selection
from ..policy.variables import ExpressionScope, identity
from ..primitives.attraction import Unary
from ..primitives.domain_map import DomainMap
from ..primitives.encoding import Bools, Index
from ..primitives.group import GroupPrimitive
from ..primitives.size_floor import SizeFloor
from ..snapshot import HostState
from ..topology import HOST_KIND, Topology

Primitive = GroupPrimitive | Unary | SizeFloor
"""What a rule kind compiles to."""


@dataclass(slots=True)
class Compiled:
    """What one document compiled to, what was wrong with it, and the variables that all this depends on."""

    parts: tuple[Any, ...] = ()
    warnings: list[str] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    reads: frozenset[str] = frozenset()


@dataclass(slots=True)
class Context:
    """The snapshot and selection as seen by the compilation of one policy.

    Guests that are switched off on purpose have no index: no rule concerns them. What a document compiled to is kept.
    """

    selection: Selection
    _vm_index: Mapping[str, int]
    _host_index: Mapping[str, int]
    topology: Topology
    _domains: dict[str, DomainMap] = field(default_factory=dict)
    _known: dict[str, Compiled] = field(default_factory=dict)
    _open: Compiled = field(default_factory=Compiled)

    def after(
        self, selection: Selection, vm_index: Mapping[str, int], host_index: Mapping[str, int], changed: frozenset[str]
    ) -> Context:
        """The context with a later selection, and further guests and hosts; documents that are as before are kept."""
        known = {
            name: one
            for name, one in self._known.items()
            if is_current(one.reads, changed) and not selection.has_forgotten(name)
        }
        if identity(ExpressionScope.HOST) not in changed:
            return Context(selection, vm_index, host_index, self.topology, self._domains, known)
        return Context(selection, vm_index, host_index, Topology(selection.reading("host.id")), {}, known)

    @property
    def vm_index(self) -> Mapping[str, int]:
        """The wanted guests by id."""
        self.selection.reading(identity(ExpressionScope.VM))
        return self._vm_index

    @property
    def host_index(self) -> Mapping[str, int]:
        """The hosts by id."""
        self.selection.reading(identity(ExpressionScope.HOST))
        return self._host_index

    def compiled(self, name: str, compile_it: Callable[[], Iterable[Any]]) -> Compiled:
        """What the document of that name compiles to."""
        if name not in self._known:
            one = self._open = Compiled()
            one.parts, one.reads = self.selection.recorded(lambda: tuple(compile_it()))
            self._known[name] = one
        return self._known[name]

    def refuse(self, fault: Fault) -> None:
        """Notes a contradiction in the document; compilation goes on, so that others are found too."""
        self._open.faults.append(fault)

    def warn(self, warning: str) -> None:
        """Notes what is worth knowing of the document."""
        self._open.warnings.append(warning)

    def hosts_in(self, states: Collection[HostState]) -> list[int]:
        """Indices of the hosts in one of the states."""
        hosts = self.selection.reading("host.state").hosts
        return [self._host_index[host.id] for host in hosts if host.state in states]

    def members(self, vm_ids: Iterable[str]) -> Index:
        """Indices of those of the guests that are wanted, ascending."""
        index = self._vm_index  # who has ids has asked which guests there are
        found = sorted([index[i] for i in vm_ids if i in index])
        return np.array(found, dtype=np.int32)

    def chosen(self, document: Document, spec: RuleSpec, path: str, selector: Selector) -> tuple[str, ...]:
        """Ids of the guests a rule selects; a must rule that selects nobody is worth a warning."""
        ids = self.selection.vms(document, path, selector)
        if not ids and spec.is_must:
            self.warn(f"{document.position(path)} {path}: rule {document.name} selects no guest")
        return ids

    def mask(self, host_ids: Iterable[str]) -> Bools:
        """Per host [H], whether it is among them."""
        index = self.host_index
        mask = np.zeros(len(index), dtype=np.bool_)
        mask[[index[i] for i in host_ids]] = True
        return mask

    def domain(self, document: Document, path: str, kind: str, *, is_must: bool) -> DomainMap:
        """The domain of `kind` of every host.

        A kind that the snapshot lacks, named at `path`, is a fault in what must hold, else worth a warning.
        """
        self.selection.reading(identity(ExpressionScope.HOST))
        if kind not in self.topology.kinds:
            self._report_kind(document, path, kind, is_must)
        if kind not in self._domains:
            self._domains[kind] = self._number(kind)
        return self._domains[kind]

    def everywhere(self) -> DomainMap:
        """All hosts as one domain."""
        self.selection.reading(identity(ExpressionScope.HOST))
        return self._domains.setdefault("", DomainMap(0, np.zeros(len(self.host_index), dtype=np.int32), 1))

    def _number(self, kind: str) -> DomainMap:
        names = [self.topology.domain(host_id, kind) for host_id in self.host_index]
        numbers = {name: i for i, name in enumerate(dict.fromkeys(names))}
        kinds = sorted(self.topology.kinds)
        # of a kind that the topology does not have, every host is a domain
        key = 1 + kinds.index(kind if kind in self.topology.kinds else HOST_KIND)
        return DomainMap(key, np.array([numbers[name] for name in names], dtype=np.int32), len(numbers))

    def _report_kind(self, document: Document, path: str, kind: str, is_must: bool) -> None:
        where = f"{document.position(path)} {path}"
        known = ", ".join(sorted(self.topology.kinds))
        message = f'{document.name} names failure domains of kind "{kind}", the snapshot has none (it has: {known})'
        if is_must:
            self.refuse(
                Fault(
                    Reason.UNKNOWN_REFERENCE,
                    where,
                    message,
                    f'send domains of kind "{kind}" or change the topology',
                )
            )
        else:
            self.warn(f"{where}: {message}; every host counts as its own")
