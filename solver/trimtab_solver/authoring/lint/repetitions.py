"""Rules that another rule of the same kind makes pointless."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from ...policy.documents import Document, Policy, RuleSpec, Selector
from ..findings import Finding, Severity, finding_at
from ..inclusion import Inclusions
from ..step_limit import StepLimit

_WHO: Final = {"level", "weight", "enabled", "messageExpression"}
"""Fields that say how a rule counts, not what it says."""


@dataclass(frozen=True, slots=True)
class _Rule:
    """A rule, and what it says as text: whole, and besides whom it selects."""

    document: Document
    content: str
    besides: str
    select: Selector | None
    """None when what it demands of some guests need not follow from what it demands of more."""

    @property
    def is_must(self) -> bool:
        return isinstance(self.document.spec, RuleSpec) and self.document.spec.is_must


def repetition_findings(policy: Policy, steps: StepLimit) -> Iterator[Finding]:
    """At most one finding about each rule: that another one demands the same, or the same of more guests."""
    rules = [_rule(d) for d in policy.documents if isinstance(d.spec, RuleSpec) and d.is_enabled]
    same: dict[str, list[_Rule]] = {}
    alike: dict[str, list[_Rule]] = {}
    for rule in rules:
        same.setdefault(rule.content, []).append(rule)
        if rule.select is not None:
            alike.setdefault(rule.besides, []).append(rule)
    repeated = {weaker.document.name: _finding(weaker, stronger) for weaker, stronger in _repeated(same)}
    yield from repeated.values()
    for group in alike.values():
        # of rules that say the same, one is held against the others
        rest = [rule for rule in group if rule.document.name not in repeated]
        if len(rest) > 1:
            yield from (_finding(weaker, stronger) for weaker, stronger in _shadowed(rest, steps))


def _rule(document: Document) -> _Rule:
    said = document.spec.model_dump(mode="json", by_alias=False, exclude=_WHO)
    content = json.dumps([document.kind, said], sort_keys=True)
    select = said.pop("select", None)
    # what a rule about groups demands of a part of a group need not follow from what it demands of the whole
    is_about_each = isinstance(select, dict) and "topology" not in said
    besides = json.dumps([document.kind, said], sort_keys=True)
    return _Rule(document, content, besides, Selector.model_validate(select) if is_about_each else None)


def _repeated(same: dict[str, list[_Rule]]) -> Iterator[tuple[_Rule, _Rule]]:
    """Each rule that another one repeats, with the first of the strongest among them."""
    for rules in same.values():
        strongest = next((rule for rule in rules if rule.is_must), rules[0])
        yield from ((rule, strongest) for rule in rules if rule is not strongest)


def _shadowed(rules: list[_Rule], steps: StepLimit) -> Iterator[tuple[_Rule, _Rule]]:
    """Each rule with the first one that demands the same of more guests, one by one."""
    inclusions = Inclusions([rule.select for rule in rules if rule.select is not None], steps)
    wishes = sum(1 << number for number, rule in enumerate(rules) if not rule.is_must)
    said: dict[int, int] = {}
    for number, weaker in enumerate(rules):
        for wide in inclusions.around(number, besides=wishes if weaker.is_must else 0):
            stronger = rules[wide.number]
            # of two rules for the same guests, in other words, the later one is said to be without effect
            is_turned = wide.is_equal and wide.number > number and weaker.is_must == stronger.is_must
            if not is_turned and said.get(wide.number) != number:
                said[number] = wide.number
                yield weaker, stronger
                break


def _finding(weaker: _Rule, stronger: _Rule) -> Finding:
    document, where = weaker.document, f"{stronger.document.name} ({stronger.document.source})"
    if not weaker.is_must and stronger.is_must:
        message = f"{where} demands at least the same with level: must, so this wish has no effect"
        return finding_at(document, "spec.level", Severity.WARNING, "should-without-effect", message, "delete it")
    if weaker.content == stronger.content:
        message = f"says the same as {where}"
        return finding_at(document, "spec", Severity.WARNING, "duplicate-rule", message, "delete one of them")
    message = f"{where} demands the same of more guests, so this rule has no effect"
    return finding_at(document, "spec.select", Severity.WARNING, "shadowed-rule", message, "delete it")
