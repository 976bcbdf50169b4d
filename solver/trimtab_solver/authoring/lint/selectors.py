"""What selectors and conditions mean on any cluster: never, always, the same as another. Proven, never guessed."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from typing import Any

from ...policy.documents import Document, Level, Policy, RuleSpec, Selector, Switched
from ...policy.precedence import overridden
from ...policy.variables import ExpressionScope, Returns
from ...rules.tier import Tier
from ..expression_fields import expressions_in, selectors_in
from ..findings import Finding, Severity, finding_at
from ..worlds import worlds_of

_NOUN = {ExpressionScope.VM: "guest", ExpressionScope.HOST: "host", ExpressionScope.EVENT: "event"}
_WHO = frozenset({"level", "weight", "enabled", "messageExpression"})
"""Fields that say how a rule counts, not what it says."""


def selector_findings(policy: Policy) -> Iterator[Finding]:
    """Findings about every enabled document."""
    enabled = [document for document in policy.documents if _is_enabled(document)]
    for document in enabled:
        yield from _selector_findings(document)
        yield from _condition_findings(document)
    yield from _tier_findings(policy)
    yield from _repeated(enabled)


def _is_enabled(document: Document) -> bool:
    return not isinstance(document.spec, Switched) or document.spec.enabled


def _selector_findings(document: Document) -> Iterator[Finding]:
    for use in selectors_in(type(document.spec), document.content.get("spec")):
        selector = Selector.model_validate(use.content, by_alias=True, by_name=False)
        if selector.ids is not None and not selector.ids:
            message = f"{use.path}.ids is an empty list and selects nothing"
            fix = "name at least one id, or delete the document"
            yield finding_at(document, f"{use.path}.ids", Severity.WARNING, "never-matches", message, fix)
            continue
        worlds = worlds_of(use.scope, [selector])
        if worlds is None:
            continue
        found, noun = worlds.where(selector), _NOUN[use.scope]
        path = f"{use.path}.cel" if selector.cel is not None else use.path
        if not found:
            message = f"{use.path} matches no {noun}, whatever the cluster"
            fix = "its parts contradict each other; all of them must hold for one " + noun
            yield finding_at(document, path, Severity.WARNING, "never-matches", message, fix)
        elif len(found) == len(worlds.all) and selector.cel != "true":
            message = f"{use.path} matches every {noun}, whatever the cluster"
            yield finding_at(document, path, Severity.INFO, "always-matches", message, "write cel: 'true' if meant")


def _condition_findings(document: Document) -> Iterator[Finding]:
    """Conditions on hosts that are no selectors: what a rule requires."""
    spec = document.spec
    selectors = {f"{use.path}.cel" for use in selectors_in(type(spec), document.content.get("spec"))}
    for use in expressions_in(type(spec), document.content.get("spec")):
        if use.path in selectors or use.returns is not Returns.BOOL or use.scope is ExpressionScope.EVENT:
            continue
        worlds = worlds_of(use.scope, conditions=[use.source])
        if worlds is None:
            continue
        found, noun = worlds.holding(use.source), _NOUN[use.scope]
        if not found:
            message = f"{use.path} holds for no {noun}, whatever the cluster"
            fix = "its parts contradict each other"
            yield finding_at(document, use.path, _severity(spec), "never-holds", message, fix)
        elif len(found) == len(worlds.all):
            message = f"{use.path} holds for every {noun}: the rule has no effect"
            yield finding_at(
                document, use.path, Severity.WARNING, "no-effect", message, "correct it or delete the rule"
            )


def _severity(spec: object) -> Severity:
    must = isinstance(spec, RuleSpec) and spec.level is Level.MUST
    return Severity.ERROR if must else Severity.WARNING


# --- tiers ----------------------------------------------------------------------------------------------------------


def _tier_findings(policy: Policy) -> Iterator[Finding]:
    """Tiers whose every guest is a guest of another tier as well: each of them is refused, or goes to the other."""
    tiers = [(document, _selector_of(document, tier)) for document, tier in policy.of(Tier)]
    below = overridden({document.name: tier.overrides for document, tier in policy.of(Tier)})
    for (first, one), (second, other) in combinations(tiers, 2):
        worlds = worlds_of(ExpressionScope.VM, [one, other])
        if worlds is None:
            continue
        found, others = worlds.where(one), worlds.where(other)
        for inner, outer, is_inside in (
            (first, second, bool(found) and found <= others),
            (second, first, bool(others) and others <= found),
        ):
            if is_inside and outer.name not in below[inner.name]:
                yield _unreachable(inner, outer, is_overridden=inner.name in below[outer.name])
                break


def _selector_of(document: Document, tier: Tier) -> Selector:
    return tier.select or Selector(cel=f"vm.tier == '{document.name}'")


def _unreachable(inner: Document, outer: Document, *, is_overridden: bool) -> Finding:
    where = f"{outer.name} ({outer.source})"
    if is_overridden:
        message = f"{where} selects every guest that it selects, and overrides it: it has none"
    else:
        message = f"every guest that it selects belongs to {where} as well; a guest of two tiers is refused"
    fix = f"exclude its guests from the select of {outer.name}, or let it override {outer.name}"
    return finding_at(inner, "spec.select", Severity.ERROR, "unreachable-tier", message, fix)


# --- rules that say the same ----------------------------------------------------------------------------------------


def _repeated(documents: list[Document]) -> Iterator[Finding]:
    """Rules that another rule of the same kind makes pointless."""
    rules = [document for document in documents if isinstance(document.spec, RuleSpec)]
    for first, second in combinations(rules, 2):
        if type(first.spec) is not type(second.spec):
            continue
        for weaker, stronger in ((second, first), (first, second)):
            if _is_must(weaker) and not _is_must(stronger):
                continue
            if not _says_no_more(weaker, stronger):
                continue
            where = f"{stronger.name} ({stronger.source})"
            if not _is_must(weaker) and _is_must(stronger):
                message = f"{where} demands at least the same with level: must, so this wish has no effect"
                yield finding_at(weaker, "spec.level", Severity.WARNING, "should-without-effect", message, "delete it")
            elif _content(weaker) == _content(stronger):
                message = f"says the same as {where}"
                yield finding_at(weaker, "spec", Severity.WARNING, "duplicate-rule", message, "delete one of them")
            else:
                message = f"{where} demands the same of more guests, so this rule has no effect"
                yield finding_at(weaker, "spec.select", Severity.WARNING, "shadowed-rule", message, "delete it")
            break


def _is_must(document: Document) -> bool:
    return isinstance(document.spec, RuleSpec) and document.spec.level is Level.MUST


def _content(document: Document) -> dict[str, Any]:
    return document.spec.model_dump(mode="json", by_alias=False, exclude=set(_WHO))


def _says_no_more(weaker: Document, stronger: Document) -> bool:
    """Whether the rules differ at most in how they count, or in that the weaker concerns fewer guests, one by one."""
    one, other = _content(weaker), _content(stronger)
    if one == other:
        return True
    selects, others = one.pop("select", None), other.pop("select", None)
    # what a rule about groups demands of a part of a group need not follow from what it demands of the whole
    if selects is None or others is None or one != other or "topology" in one or not isinstance(selects, dict):
        return False
    narrow, wide = Selector.model_validate(selects), Selector.model_validate(others)
    worlds = worlds_of(ExpressionScope.VM, [narrow, wide])
    return worlds is not None and bool(found := worlds.where(narrow)) and found <= worlds.where(wide)
