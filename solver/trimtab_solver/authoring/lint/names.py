"""Names and values that a policy mentions and nothing has, though something else is called almost the same."""

from __future__ import annotations

import enum
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field

from ...policy.documents import Document, Policy
from ...policy.expressions import references_in
from ...policy.likeness import Spelling
from ...policy.variables import ExpressionScope
from ...rules.policy_set import PolicySet
from ...rules.tier import Tier
from ...snapshot import HostState, Migratability, PoolKind, Snapshot, VmState
from ..comparisons import comparisons_in
from ..expression_fields import expressions_in, selectors_in
from ..findings import Finding, Severity, finding_at
from ..policy_test import Fixtures, PolicyTest, PoolFixture

_ENUMS: Mapping[str, type[enum.StrEnum]] = {
    "vm.state": VmState,
    "vm.migratability": Migratability,
    "host.state": HostState,
    "pool.kind": PoolKind,
}
"""Variables that have one of a few values, whatever the cluster."""

_KEYED: Mapping[ExpressionScope, frozenset[str]] = {
    ExpressionScope.VM: frozenset({"vm.labels"}),
    ExpressionScope.HOST: frozenset({"host.labels"}),
    ExpressionScope.POOL: frozenset({"pool.labels"}),
    ExpressionScope.EVENT: frozenset(),
}
_CLOSE = 0.7
"""How alike two names are that are taken for one (difflib); "zone" and "zoen" are 0.75."""

_SHORT = 2
"""Shorter names are alike by chance."""


@dataclass(slots=True)
class Names:
    """What clusters are known to have: values by variable, and by key of a map."""

    values: dict[str, set[str]] = field(default_factory=dict)
    closed: set[str] = field(default_factory=lambda: set(_ENUMS))
    """Variables that have no other values than these."""
    keys: dict[str, dict[str, set[str]]] = field(default_factory=dict)
    _spellings: dict[tuple[str, str | None], Spelling] = field(default_factory=dict)

    def add(self, variable: str, *values: str) -> None:
        """Values that a variable has somewhere."""
        self.values.setdefault(variable, set()).update(values)

    def add_keys(self, variable: str, mapping: Mapping[str, str]) -> None:
        """A map that a guest or host has somewhere."""
        keys = self.keys.setdefault(variable, {})
        for key, value in mapping.items():
            keys.setdefault(key, set()).add(value)

    def spelling(self, variable: str, key: str | None, known: Collection[str]) -> Spelling:
        """The `known` values of a variable or key, or keys of a map (for the key ""), made ready for comparing once."""
        place = variable, key
        if place not in self._spellings:
            self._spellings[place] = Spelling(known)
        return self._spellings[place]


@dataclass(frozen=True, slots=True)
class _Mention:
    """One place where the policy mentions a key of a map, or a value of a variable or key."""

    document: Document
    path: str
    variable: str
    key: str | None
    value: str | None


def name_findings(policy: Policy, snapshot: Snapshot | None) -> Iterator[Finding]:
    """Likely misspelt names: by the snapshot if there is one, else by the fixtures of the tests and by the policy."""
    mentions = [mention for document in policy.documents for mention in _mentions(document)]
    known = _known(policy, snapshot)
    counts = Counter((mention.variable, mention.key) for mention in mentions if mention.value is None)
    used: dict[str, list[str]] = {}
    for (variable, key), n in counts.items():
        if key and n > 1:
            used.setdefault(variable, []).append(key)
    for mention in mentions:
        if mention.value is None:
            yield from _key_findings(mention, known, counts, used)
        else:
            yield from _value_findings(mention, known)


def _mentions(document: Document) -> Iterator[_Mention]:
    content = document.content.get("spec")
    for use in selectors_in(type(document.spec), content):
        labels = use.content.get("matchLabels") or {}
        for key, value in labels.items():
            path, variable = f"{use.path}.matchLabels.{key}", f"{use.scope.value}.labels"
            yield _Mention(document, path, variable, key, None)
            yield _Mention(document, path, variable, key, value)
    for expression in expressions_in(type(document.spec), content):
        path, scope = expression.path, expression.scope
        for reference in references_in(expression.source, scope):
            if reference.key is not None and reference.variable in _KEYED[scope]:
                yield _Mention(document, path, reference.variable, reference.key, None)
        for comparison in comparisons_in(expression.source, scope):
            if isinstance(comparison.value, str) and comparison.value:
                where = comparison.reference
                yield _Mention(document, path, where.variable, where.key, comparison.value)


def _known(policy: Policy, snapshot: Snapshot | None) -> Names:
    names = Names()
    if snapshot is not None:
        for vm in snapshot.vms:
            names.add_keys("vm.labels", vm.labels)
            names.add("vm.tier", vm.tier)
            names.add("vm.tenant", vm.tenant)
            names.add("vm.group", vm.group)
            names.add("vm.storage_pool", vm.storage_pool_id)
            names.add("vm.device_needs", *vm.device_needs)
        for host in snapshot.hosts:
            names.add_keys("host.labels", host.labels)
            names.add("host.capabilities", *host.capabilities)
            names.add("host.storage_pools", *host.storage_pool_ids)
        for pool in snapshot.storage_pools:
            names.add_keys("pool.labels", pool.labels)
    else:
        for document in policy.tests:
            if isinstance(document.spec, PolicyTest) and document.spec.fixtures is not None:
                _add_fixtures(names, document.spec.fixtures)
    tiers = list(policy.of(Tier))
    names.add("vm.tier", *(document.name for document, tier in tiers if tier.select is None))
    has_default = any(spec.default_tier for _, spec in policy.of(PolicySet))
    if tiers and not has_default and all(tier.select is None for _, tier in tiers):
        # a guest with any other tier is refused
        names.values["vm.tier"] = {document.name for document, _ in tiers}
        names.closed.add("vm.tier")
    for variable, values in _ENUMS.items():
        names.add(variable, *values)
    return names


def _add_fixtures(names: Names, fixtures: Fixtures) -> None:
    for vm in (fixtures.each_vm, *fixtures.vms.values()):
        names.add_keys("vm.labels", vm.labels)
        names.add("vm.device_needs", *vm.device_needs)
        if vm.tier:
            names.add("vm.tier", vm.tier)
    for host in (fixtures.each_host, *fixtures.hosts.values()):
        names.add_keys("host.labels", host.labels)
        names.add("host.capabilities", *host.capabilities)
    for pool in fixtures.storage_pools.values():
        if isinstance(pool, PoolFixture):
            names.add_keys("pool.labels", pool.labels)


def _key_findings(
    mention: _Mention, known: Names, counts: Counter[tuple[str, str | None]], used: Mapping[str, Collection[str]]
) -> Iterator[Finding]:
    """A key that nothing has, or that the policy itself mentions once, while almost the same key is in wide use."""
    assert mention.key is not None
    have = known.keys.get(mention.variable, {})
    if mention.key in have:
        return
    if not have and counts[mention.variable, mention.key] > 1:
        return
    spelling = known.spelling(mention.variable, "", have or used.get(mention.variable, ()))
    if close := _close(mention.key, spelling):
        message = f'nothing has the label "{mention.key}"' if have else f'the label "{mention.key}" is used only here'
        yield _misspelt(mention, "unknown-label", message, close)


def _value_findings(mention: _Mention, known: Names) -> Iterator[Finding]:
    if mention.key is not None:
        have: Collection[str] = known.keys.get(mention.variable, {}).get(mention.key, ())
        what = f'the value "{mention.value}" of the label {mention.key}'
    else:
        have = known.values.get(mention.variable, ())
        what = f'{mention.variable} "{mention.value}"'
    assert mention.value is not None
    if mention.value in have:
        return
    spelling = known.spelling(mention.variable, mention.key, have)
    if mention.key is None and mention.variable in known.closed:
        message = f'{mention.variable} is never "{mention.value}"'
        close = _close(mention.value, spelling)
        fix = (f'did you mean "{close}"? ' if close else "") + f"it is one of {spelling.listed()}"
        yield finding_at(mention.document, mention.path, Severity.WARNING, "unknown-value", message, fix)
    elif close := _close(mention.value, spelling):
        yield _misspelt(mention, "unknown-value", f"nothing has {what}", close)


def _close(name: str, known: Spelling) -> str:
    """The known name that is almost `name`; names that differ in a number only are not taken for each other."""
    if alike := known.in_other_case(name):
        return alike
    if len(name) <= _SHORT:
        return ""
    letters = _letters(name)
    return known.nearest(name, _CLOSE, lambda other: _letters(other) != letters)


def _letters(name: str) -> str:
    return "".join(letter for letter in name if not letter.isdigit())


def _misspelt(mention: _Mention, rule: str, message: str, close: str) -> Finding:
    return finding_at(mention.document, mention.path, Severity.WARNING, rule, message, f'did you mean "{close}"?')
