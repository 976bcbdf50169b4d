"""Policy x snapshot: which guests and hosts every selector means, and which rights the event gives."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from ..errors import Fault, PolicyRefusedError, Reason
from ..failures import Event, event_of
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
from .precedence import overridden, prevailing
from .subjects import Evaluation, Subjects, event_data
from .variables import Returns, Scope

if TYPE_CHECKING:
    from ..rules.tier import Tier

NAMED_IN_FAULTS = 5
"""How many ids a fault lists before it only counts."""


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

    def __init__(self, policy: Policy, snapshot: Snapshot, event: Event | None = None) -> None:
        self.policy = policy.at(snapshot.taken_at)
        self.snapshot = snapshot
        self.event = event_of(snapshot) if event is None else event
        self.wanted = frozenset(vm.id for vm in snapshot.vms if vm.is_wanted)
        """Guests that are not switched off on purpose: rules about groups concern no others."""
        self.warnings: list[str] = []
        topology = Topology(snapshot)
        self._event_data = event_data(self.event)
        self._vms = Subjects(Scope.VM, snapshot.vms, topology, self._event_data)
        self._hosts = Subjects(Scope.HOST, snapshot.hosts, topology, self._event_data)
        self._selected: dict[tuple[object, ...], tuple[str, ...]] = {}
        self._host_sets: dict[tuple[object, ...], frozenset[str]] = {}
        self._grouped: dict[tuple[object, ...], dict[str, tuple[str, ...]]] = {}
        self._held: dict[tuple[object, ...], bool] = {}
        self._tiers: tuple[tuple[Document, Tier], ...] | None = None
        self._tier_of: dict[str, Document] | None = None

    def tiers(self) -> tuple[tuple[Document, Tier], ...]:
        """Every tier with its document: highest rank first, then by name."""
        from ..rules.tier import Tier  # here, because rules compile against this module

        if self._tiers is None:
            found = self.policy.of(Tier)
            self._tiers = tuple(sorted(found, key=lambda item: (-item[1].rank, item[0].name)))
        return self._tiers

    def tier_of(self) -> dict[str, Document]:
        """The tier's document of every guest, stopped ones included.

        Raises
        ------
        PolicyRefusedError
            If guests have no tier (NO_TIER) or more than one (AMBIGUOUS_TIER), or a tier's selector fails.
        """
        if self._tier_of is None:
            self._tier_of = self._find_tiers()
        return self._tier_of

    def vms(self, document: Document, path: str, selector: Selector) -> tuple[str, ...]:
        """Ids of the guests that `selector` picks, in the order of the snapshot."""
        return self._select(self._vms, document, path, selector)

    def hosts(self, document: Document, path: str, selector: Selector) -> frozenset[str]:
        """Ids of the hosts that `selector` picks."""
        key = (document.name, path, _selector_key(selector))
        if key not in self._host_sets:
            self._host_sets[key] = frozenset(self._select(self._hosts, document, path, selector))
        return self._host_sets[key]

    def hosts_where(self, document: Document, path: str, expression: str) -> frozenset[str]:
        """Ids of the hosts on which `expression` (bool over host and event) holds."""
        key = (document.name, path, expression)
        if key not in self._host_sets:
            found = self._where(self._hosts, document, path, expression, self._hosts.all)
            self._host_sets[key] = frozenset(self._hosts.named(found))
        return self._host_sets[key]

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
        key = (document.name, path, expression, vm_ids)
        if key not in self._grouped:
            indexes = np.array([self._vms.index[vm_id] for vm_id in vm_ids], dtype=np.int64)
            compiled = _compiled(document, path, expression, Scope.VM, Returns.STRING)
            values = self._vms.evaluate(compiled, indexes)
            self._report(self._vms, document, path, compiled, indexes, values)
            members: dict[str, list[str]] = {}
            for vm_id, value in zip(vm_ids, values.each(), strict=True):
                if isinstance(value, str):
                    members.setdefault(value, []).append(vm_id)
            self._grouped[key] = {name: tuple(ids) for name, ids in members.items()}
        return self._grouped[key]

    def holds(self, document: Document, path: str, expression: str) -> bool:
        """Whether `expression` (bool over event) holds; one that fails in a should rule does not."""
        key = (document.name, path, expression)
        if key not in self._held:
            compiled = _compiled(document, path, expression, Scope.EVENT, Returns.BOOL)
            value = compiled.evaluate(self._event_data)
            if isinstance(value, EvaluationFailure):
                self._fail(document, path, compiled, f"fails on this event: {value.message}")
            self._held[key] = value is True
        return self._held[key]

    def text(self, document: Document, path: str, expression: str, vm_id: str) -> str:
        """What `expression` (string over vm) gives on one guest; empty where it fails."""
        compiled = _compiled(document, path, expression, Scope.VM, Returns.STRING)
        value = self._vms.evaluate(compiled, np.array([self._vms.index[vm_id]])).each()[0]
        return value if isinstance(value, str) else ""

    # --- selecting ---------------------------------------------------------------------------------------------------

    def _select(self, subjects: Subjects, document: Document, path: str, selector: Selector) -> tuple[str, ...]:
        key = (subjects.scope, document.name, path, _selector_key(selector))
        if key in self._selected:
            return self._selected[key]
        indexes = subjects.all
        if selector.ids is not None:
            named_ones = {subjects.index[name] for name in selector.ids if name in subjects.index}
            indexes = np.array(sorted(named_ones), dtype=np.int64)
        for label, wanted in (selector.match_labels or {}).items():
            indexes = subjects.with_label(label, wanted, indexes)
        if selector.cel is not None:
            indexes = self._where(subjects, document, f"{path}.cel", selector.cel, indexes)
        found = self._selected[key] = subjects.named(indexes)
        return found

    def _where(self, subjects: Subjects, document: Document, path: str, source: str, indexes: Numbers) -> Numbers:
        """Those of `indexes` on which the expression holds."""
        compiled = _compiled(document, path, source, subjects.scope, Returns.BOOL)
        values = subjects.evaluate(compiled, indexes)
        self._report(subjects, document, path, compiled, indexes, values)
        return indexes[values.holds]

    # --- tiers -------------------------------------------------------------------------------------------------------

    def _find_tiers(self) -> dict[str, Document]:
        tier_of: dict[str, Document] = {}
        rivals: dict[str, list[str]] = {}
        faults: list[Fault] = []
        for document, tier in self.tiers():
            try:
                members = self._members(document, tier)
            except PolicyRefusedError as refusal:
                faults += refusal.faults
                continue
            for vm_id in members:
                first = tier_of.setdefault(vm_id, document)
                if first is not document:
                    rivals.setdefault(vm_id, [first.name]).append(document.name)
        if faults:
            raise PolicyRefusedError(faults)
        documents = {document.name: document for document, _ in self.tiers()}
        default = self._default_tier()
        below = overridden({document.name: tier.overrides for document, tier in self.tiers()})
        twice: dict[tuple[str, str], list[str]] = {}
        for vm_id, names in rivals.items():
            winner = prevailing(names, below)
            if winner is None:
                pairs = combinations(names, 2)
                pair = next((pair for pair in pairs if prevailing(pair, below) is None), (names[0], names[1]))
                twice.setdefault(pair, []).append(vm_id)
            else:
                tier_of[vm_id] = documents[winner]
        faults += [_ambiguous(documents[a], documents[b], ids) for (a, b), ids in twice.items()]
        homeless = [i for i, vm_id in enumerate(self._vms.ids) if vm_id not in tier_of]
        if default is not None and default in documents:
            tier_of.update((self._vms.ids[i], documents[default]) for i in homeless)
        elif homeless:
            faults.append(self._no_tier(homeless))
        if faults:
            raise PolicyRefusedError(faults)
        return {vm_id: tier_of[vm_id] for vm_id in self._vms.ids}

    def _default_tier(self) -> str | None:
        from ..rules.policy_set import PolicySet  # as above

        return next(
            (spec.default_tier for _, spec in self.policy.of(PolicySet) if spec.default_tier),
            None,
        )

    def _members(self, document: Document, tier: Tier) -> tuple[str, ...]:
        if tier.select is not None:
            return self.vms(document, "spec.select", tier.select)
        return tuple(vm.id for vm in self.snapshot.vms if vm.tier == document.name)

    def _no_tier(self, homeless: list[int]) -> Fault:
        first = self.snapshot.vms[homeless[0]]
        names = [document.name for document, _ in self.tiers()]
        close = difflib.get_close_matches(first.tier, names, n=1)
        guess = f'did you mean "{close[0]}"? ' if close else ""
        return Fault(
            Reason.NO_TIER,
            f"snapshot.vms[{homeless[0]}].tier",
            f"{_count(len(homeless), 'guest')} of no tier: {named([self._vms.ids[i] for i in homeless])}; "
            f'the tier field of {first.id} is "{first.tier}"',
            f"{guess}give each guest a tier that a Tier document selects ({', '.join(sorted(names))}), "
            "or set defaultTier in the PolicySet",
        )

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
        failed: dict[str, list[str]] = {}
        for name, value in zip(subjects.named(indexes), values.each(), strict=True):
            if isinstance(value, EvaluationFailure):
                failed.setdefault(value.message, []).append(name)
        noun = "guest" if subjects.scope is Scope.VM else "host"
        self._fail(
            document,
            path,
            expression,
            *(f"fails on {_count(len(ids), noun)}: {named(ids)}: {why}" for why, ids in failed.items()),
        )

    def _fail(self, document: Document, path: str, expression: Expression, *messages: str) -> None:
        where = f"{document.position(path)} {path}"
        if isinstance(document.spec, RuleSpec) and document.spec.level is Level.SHOULD:
            self.warnings += [
                f'{where}: "{expression.source}" in {document.kind} {document.name} {message}; left out'
                for message in messages
            ]
            return
        raise PolicyRefusedError(
            Fault(
                Reason.POLICY_EVALUATION,
                where,
                f'"{expression.source}" in {document.kind} {document.name} {message}',
                "test with has(vm.labels.x) && ... before reading a key, use matchLabels, or set the label",
            )
            for message in messages
        )


def _compiled(document: Document, path: str, source: str, scope: Scope, returns: Returns) -> Expression:
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
            for p in error.problems
        ) from None


def _selector_key(selector: Selector) -> tuple[object, ...]:
    labels: Mapping[str, str] | None = selector.match_labels
    return (
        selector.ids,
        None if labels is None else tuple(sorted(labels.items())),
        selector.cel,
    )


def _ambiguous(first: Document, second: Document, ids: list[str]) -> Fault:
    if "spec.select" not in second.positions:
        first, second = second, first  # the fault stands where there is something to change
    return Fault(
        Reason.AMBIGUOUS_TIER,
        f"{second.position('spec.select')} spec.select",
        f"{_count(len(ids), 'guest')} of two tiers, {first.name} ({first.source}) and {second.name}: {named(ids)}",
        f"change the select of {first.name} or {second.name} so that each guest has one tier, or name one in overrides "
        "of the other",
    )


def named(ids: Iterable[str]) -> str:
    """The first few ids, and how many more there are."""
    listed = list(ids)
    shown = ", ".join(listed[:NAMED_IN_FAULTS])
    more = len(listed) - NAMED_IN_FAULTS
    return shown + (f" and {more} more" if more > 0 else "")


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" + ("" if number == 1 else "s")
