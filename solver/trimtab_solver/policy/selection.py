"""Policy x snapshot: which guests, hosts and pools every selector means, and which rights the event gives."""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np

from ..errors import Fault, PolicyRefusedError, Reason
from ..failures import Event, event_of
from ..quarantine import Quarantined
from ..snapshot import Snapshot
from ..topology import Topology
from .columns import Numbers
from .documents import Document, Level, Policy, RuleSpec, Selector
from .expressions import (
    EvaluationFailure,
    Expression,
    ExpressionError,
    compile_expression,
)
from .memo import EVERYTHING, Memo
from .omissions import Omission
from .subjects import Evaluation, Subjects, event_data
from .variables import ExpressionScope, Returns, identity

T = TypeVar("T")


class Selection:
    """Evaluates selectors and expressions of `policy` on `snapshot`, once each; results are cached.

    `path` is always the field path in the document as YAML spells it, such as ``spec.between[0]``. Ids that a selector
    names and the snapshot lacks select nothing (lint reports them).

    Raises
    ------
    PolicyRefusedError
        From any method, when an expression of a must rule (or a tier) fails on some guest or host: the fault names
        file, line, field and the first few ids. In a should rule the guest is left out and `warnings` says so.
    """

    def __init__(
        self,
        policy: Policy,
        snapshot: Snapshot,
        event: Event | None = None,
        known: _Known | None = None,
        quarantined: tuple[Quarantined, ...] = (),
    ) -> None:
        self.policy = policy.at(snapshot.taken_at)
        self.event = event_of(snapshot) if event is None else event
        self._whole_policy = policy
        self._snapshot = snapshot
        self._event_data = event_data(self.event)
        self._known = known or _Known.nothing(snapshot, self._event_data)
        self._vms, self._hosts, self._pools = self._known.vms, self._known.hosts, self._known.pools
        self._memo = self._known.memo
        self.wanted = self._known.wanted
        """Guests that are not switched off on purpose: rules about groups concern no others."""
        self.quarantined = quarantined
        """Guests whose records make no sense; they are switched off in the snapshot, so that they are not wanted."""

    @property
    def snapshot(self) -> Snapshot:
        """The snapshot. Who wants to be asked again only when some of it has changed takes `reading`."""
        return self.reading(EVERYTHING)

    def reading(self, *variables: str) -> Snapshot:
        """The snapshot, for who reads these variables of it (such as ``host.state``) and nothing else.

        Who reads any of guests reads which guests there are, ``vm.id``, as well; and so with hosts.
        """
        self._memo.note(variables)
        self._memo.note(
            identity(ExpressionScope(variable.partition(".")[0])) for variable in variables if "." in variable
        )
        return self._snapshot

    def derived(self, derive: Callable[[Selection], T]) -> T:
        """What `derive` makes of the selection; it is asked once."""
        return self._memo.ask(derive, "derived", lambda: derive(self))

    def recorded(self, ask: Callable[[], T]) -> tuple[T, frozenset[str]]:
        """What `ask` gives, and the variables that it depends on."""
        return self._memo.recorded(ask)

    def after(self, snapshot: Snapshot, event: Event, changed: frozenset[str]) -> Selection:
        """On a later `snapshot` with the same hosts and guests, and further ones after them, at the same time.

        What is known and still true is kept. `changed` names all variables that have another value on any guest or
        host, or in the event, and the `identity` of what there is more of.
        """
        known = self._known.after(snapshot, event_data(event), changed)
        return Selection(self._whole_policy, snapshot, event, known, self.quarantined)

    @property
    def expected(self) -> frozenset[str]:
        """Guests that should run, those in quarantine among them: of these shares of a count are taken."""
        return self.wanted.union(record.vm_id for record in self.quarantined if record.is_wanted)

    def with_wanted(self, vm_ids: Iterable[str]) -> Selection:
        """The same selection, with these guests wanted as well."""
        known = replace(self._known, wanted=self.wanted.union(vm_ids))
        return Selection(self._whole_policy, self._snapshot, self.event, known, self.quarantined)

    def has_forgotten(self, document: str) -> bool:
        """Whether something that was known of the document of that name did not hold any more after a change."""
        return document in self._known.forgotten

    @property
    def warnings(self) -> tuple[str, ...]:
        """What was left out of should rules, whatever was asked first: in the order of documents, fields and guests."""
        number = {document.name: number for number, document in enumerate(self._whole_policy.documents)}
        found = sorted(self._known.omissions.items(), key=lambda item: (number[item[0][0]], *item[0][1:]))
        return tuple(omission.warning() for _, omission in found)

    def vms(self, document: Document, path: str, selector: Selector) -> tuple[str, ...]:
        """Ids of the guests that `selector` picks, in the order of the snapshot."""
        return self._select(self._vms, document, path, selector)

    def hosts(self, document: Document, path: str, selector: Selector) -> frozenset[str]:
        """Ids of the hosts that `selector` picks."""
        key = ("hosts", path, _selector_key(selector))
        return self._memo.ask(
            document.name, key, lambda: frozenset(self._select(self._hosts, document, path, selector))
        )

    def pools(self, document: Document, path: str, selector: Selector) -> frozenset[str]:
        """Ids of the storage pools that `selector` picks."""
        return frozenset(self._select(self._pools, document, path, selector))

    def picks(self, scope: ExpressionScope, document: Document, path: str, selector: Selector) -> Collection[str]:
        """Ids of the guests, hosts or storage pools that `selector` picks, as the scope says."""
        if scope is ExpressionScope.VM:
            return self.vms(document, path, selector)
        return (self.hosts if scope is ExpressionScope.HOST else self.pools)(document, path, selector)

    def hosts_where(self, document: Document, path: str, expression: str) -> frozenset[str]:
        """Ids of the hosts on which `expression` (bool over host and event) holds."""

        def find() -> frozenset[str]:
            self._memo.note([identity(ExpressionScope.HOST)])
            return frozenset(self._hosts.named(self._where(self._hosts, document, path, expression, self._hosts.all)))

        return self._memo.ask(document.name, ("hosts where", path, expression), find)

    def groups(
        self,
        document: Document,
        path: str,
        vm_ids: tuple[str, ...],
        expression: str | None,
    ) -> dict[str, tuple[str, ...]]:
        """The guests of `vm_ids` by the value of `expression` (string over vm); None: one group under the key ""."""
        if expression is None:
            return {"": vm_ids}
        key = ("groups", path, expression, vm_ids)
        return self._memo.ask(document.name, key, lambda: self._group(document, path, vm_ids, expression))

    def holds(self, document: Document, path: str, expression: str) -> bool:
        """Whether `expression` (bool over event) holds; one that fails in a should rule does not."""
        return self._memo.ask(
            document.name, ("holds", path, expression), lambda: self._holds(document, path, expression)
        )

    def text(self, document: Document, path: str, expression: str, vm_id: str) -> str:
        """What `expression` (string over vm) gives on one guest; empty where it fails."""
        compiled = self._compiled(document, path, expression, ExpressionScope.VM, Returns.STRING)
        value = self._vms.evaluate(compiled, np.array([self._vms.index[vm_id]])).each()[0]
        return value if isinstance(value, str) else ""

    # --- selecting ---------------------------------------------------------------------------------------------------

    def _select(self, subjects: Subjects, document: Document, path: str, selector: Selector) -> tuple[str, ...]:
        key = (subjects.scope, path, _selector_key(selector))
        return self._memo.ask(
            document.name, key, lambda: subjects.named(self._find(subjects, document, path, selector))
        )

    def _find(self, subjects: Subjects, document: Document, path: str, selector: Selector) -> Numbers:
        self._memo.note([identity(subjects.scope)])
        indexes = subjects.all
        if selector.ids is not None:
            named_ones = {subjects.index[name] for name in selector.ids if name in subjects.index}
            indexes = np.array(sorted(named_ones), dtype=np.int64)
        for label, wanted in (selector.match_labels or {}).items():
            self._memo.note([f"{subjects.scope.value}.labels"])
            indexes = subjects.with_label(label, wanted, indexes)
        if selector.cel is not None:
            indexes = self._where(subjects, document, f"{path}.cel", selector.cel, indexes)
        return indexes

    def _where(self, subjects: Subjects, document: Document, path: str, source: str, indexes: Numbers) -> Numbers:
        """Those of `indexes` on which the expression holds."""
        compiled = self._compiled(document, path, source, subjects.scope, Returns.BOOL)
        values = subjects.evaluate(compiled, indexes)
        self._report(subjects, document, path, compiled, indexes, values)
        return indexes[values.holds]

    def _group(
        self, document: Document, path: str, vm_ids: tuple[str, ...], expression: str
    ) -> dict[str, tuple[str, ...]]:
        indexes = np.array([self._vms.index[vm_id] for vm_id in vm_ids], dtype=np.int64)
        compiled = self._compiled(document, path, expression, ExpressionScope.VM, Returns.STRING)
        values = self._vms.evaluate(compiled, indexes)
        self._report(self._vms, document, path, compiled, indexes, values)
        members: dict[str, list[str]] = {}
        for vm_id, value in zip(vm_ids, values.each(), strict=True):
            if isinstance(value, str):
                members.setdefault(value, []).append(vm_id)
        return {name: tuple(ids) for name, ids in members.items()}

    def _holds(self, document: Document, path: str, expression: str) -> bool:
        compiled = self._compiled(document, path, expression, ExpressionScope.EVENT, Returns.BOOL)
        value = compiled.evaluate(self._event_data)
        if isinstance(value, EvaluationFailure):
            self._fail(document, [Omission(document, path, compiled, value.message)])
        return value is True

    def _compiled(
        self, document: Document, path: str, source: str, scope: ExpressionScope, returns: Returns
    ) -> Expression:
        """The expression; who is asking depends on what it reads."""
        compiled = _compiled(document, path, source, scope, returns)
        self._memo.note(reference.variable for reference in compiled.references)
        return compiled

    # --- failures ----------------------------------------------------------------------------------------------------

    def _report(
        self,
        subjects: Subjects,
        document: Document,
        path: str,
        expression: Expression,
        indexes: Numbers,
        values: Evaluation,
    ) -> None:
        if not values.has_failed:
            return
        failed: dict[str, list[int]] = {}
        for index, value in zip(indexes.tolist(), values.each(), strict=True):
            if isinstance(value, EvaluationFailure):
                failed.setdefault(value.message, []).append(index)
        omissions = [Omission(document, path, expression, why, subjects, set(failed[why])) for why in failed]
        self._fail(document, omissions)

    def _fail(self, document: Document, omissions: list[Omission]) -> None:
        if isinstance(document.spec, RuleSpec) and document.spec.level is Level.SHOULD:
            for omission in omissions:
                self._known.omissions.setdefault(omission.key, omission).indexes.update(omission.indexes)
            return
        raise PolicyRefusedError(
            Fault(
                Reason.POLICY_EVALUATION,
                omission.where,
                omission.message(),
                "test with has(vm.labels.x) && ... before reading a key, use matchLabels, or set the label",
            )
            for omission in omissions
        )


@dataclass(frozen=True, slots=True)
class _Known:
    """Answers so far, what they were made from, and what was left out."""

    wanted: frozenset[str]
    vms: Subjects
    hosts: Subjects
    pools: Subjects
    memo: Memo
    omissions: dict[tuple[str, str, str, str], Omission]
    forgotten: frozenset[Hashable] = frozenset()

    @classmethod
    def nothing(cls, snapshot: Snapshot, event: Mapping[str, object]) -> _Known:
        """What is known before anything is asked."""
        topology = Topology(snapshot)
        return cls(
            frozenset(vm.id for vm in snapshot.vms if vm.is_wanted),
            Subjects(ExpressionScope.VM, snapshot.vms, topology, event),
            Subjects(ExpressionScope.HOST, snapshot.hosts, topology, event),
            Subjects(ExpressionScope.POOL, snapshot.storage_pools, topology, event),
            Memo(),
            {},
        )

    def after(self, snapshot: Snapshot, event: Mapping[str, object], changed: frozenset[str]) -> _Known:
        """What is still true when the changed variables have other values."""
        topology = Topology(snapshot)
        vms = self.vms.after(snapshot.vms, topology, event, changed)
        hosts = self.hosts.after(snapshot.hosts, topology, event, changed)
        pools = self.pools.after(snapshot.storage_pools, topology, event, changed)
        wanted = self.wanted.union(vm.id for vm in snapshot.vms[len(self.vms.ids) :] if vm.is_wanted)
        stale = self.memo.stale(changed)
        omissions = {
            key: replace(omission, indexes=set(omission.indexes))
            for key, omission in self.omissions.items()
            if omission.document.name not in stale
        }
        return _Known(wanted, vms, hosts, pools, self.memo.without(stale), omissions, stale)


def _compiled(document: Document, path: str, source: str, scope: ExpressionScope, returns: Returns) -> Expression:
    try:
        return compile_expression(source, scope, returns)
    except ExpressionError as error:
        where = f"{document.position(path)} {path}"
        raise PolicyRefusedError(
            Fault(
                Reason.POLICY_EXPRESSION,
                where,
                f'"{source}" at {p.line}:{p.column}: {p.message}',
                p.fix,
            )
            for p in error.faults
        ) from None


def _selector_key(selector: Selector) -> tuple[object, ...]:
    labels: Mapping[str, str] | None = selector.match_labels
    return (
        selector.ids,
        None if labels is None else tuple(sorted(labels.items())),
        selector.cel,
    )
