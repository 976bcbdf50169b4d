"""What selectors and conditions mean on any cluster: never, always, the same as another. Proven, never guessed."""

from __future__ import annotations

from collections.abc import Iterator

from ...policy.documents import Document, Level, Policy, RuleSpec, Selector
from ...policy.precedence import Precedence
from ...policy.variables import ExpressionScope, Returns
from ...rules.tier import Tier
from ..expression_fields import expressions_in, selectors_in
from ..findings import Finding, Severity, finding_at
from ..inclusion import Inclusions
from ..step_limit import StepLimit
from ..worlds import worlds_of


def selector_findings(policy: Policy, steps: StepLimit) -> Iterator[Finding]:
    """Findings about every enabled document."""
    for document in policy.documents:
        if document.is_enabled:
            yield from _selector_findings(document, steps)
            yield from _condition_findings(document, steps)
    yield from _tier_findings(policy, steps)


def _selector_findings(document: Document, steps: StepLimit) -> Iterator[Finding]:
    for use in selectors_in(type(document.spec), document.content.get("spec")):
        selector = Selector.model_validate(use.content, by_alias=True, by_name=False)
        if selector.ids is not None and not selector.ids:
            message = f"{use.path}.ids is an empty list and selects nothing"
            fix = "name at least one id, or delete the document"
            yield finding_at(document, f"{use.path}.ids", Severity.WARNING, "never-matches", message, fix)
            continue
        worlds = worlds_of(use.scope, [selector])
        if worlds is None or not steps.take(len(worlds.all)):
            continue
        found, noun = worlds.where(selector), use.scope.noun
        path = f"{use.path}.cel" if selector.cel is not None else use.path
        if not found:
            message = f"{use.path} matches no {noun}, whatever the cluster"
            fix = "its parts contradict each other; all of them must hold for one " + noun
            yield finding_at(document, path, Severity.WARNING, "never-matches", message, fix)
        elif len(found) == len(worlds.all) and selector.cel != "true":
            message = f"{use.path} matches every {noun}, whatever the cluster"
            yield finding_at(document, path, Severity.INFO, "always-matches", message, "write cel: 'true' if meant")


def _condition_findings(document: Document, steps: StepLimit) -> Iterator[Finding]:
    """Conditions on hosts that are no selectors: what a rule requires."""
    spec = document.spec
    selectors = {f"{use.path}.cel" for use in selectors_in(type(spec), document.content.get("spec"))}
    for use in expressions_in(type(spec), document.content.get("spec")):
        if use.path in selectors or use.returns is not Returns.BOOL or use.scope is ExpressionScope.EVENT:
            continue
        worlds = worlds_of(use.scope, conditions=[use.source])
        if worlds is None or not steps.take(len(worlds.all)):
            continue
        found, noun = worlds.holding(use.source), use.scope.noun
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


def _tier_findings(policy: Policy, steps: StepLimit) -> Iterator[Finding]:
    """Tiers whose every guest is a guest of another tier as well: each of them is refused, or goes to the other."""
    tiers = [(document, _selector_of(document, tier)) for document, tier in policy.of(Tier)]
    precedence = Precedence({document.name: tier.overrides for document, tier in policy.of(Tier)})
    inclusions = Inclusions([selector for _, selector in tiers], steps)
    said: dict[int, int] = {}
    for number, (inner, _) in enumerate(tiers):
        for wide in inclusions.around(number, besides=precedence.below(inner.name)):
            outer, _ = tiers[wide.number]
            # of two tiers with the same guests one is enough
            if said.get(wide.number) != number:
                said[number] = wide.number
                yield _unreachable(inner, outer, is_overridden=precedence.overrides(outer.name, inner.name))
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
