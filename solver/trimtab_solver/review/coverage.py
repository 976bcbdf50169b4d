"""What the tests of a policy show of it: each rule satisfied, violated, binding; each right granted and withheld."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from ..errors import RefusedError
from ..planner import plan_prepared
from ..policy.documents import Document, Policy, Source, Switched
from ..prepared import prepare, prepare_lazily
from ..rules.tier import Tier
from ..verify.judges import JUDGES
from ..verify.replay import verify_plan
from .evidence import Evidence, Item, Point, conditions_of
from .testing import OPTIONS, CaseResult, Planned

_ALWAYS = "true"


@dataclass(frozen=True, slots=True)
class Covered:
    """One thing to cover, where it stands, and the first case that showed it ("" if none did)."""

    item: Item
    source: Source
    shown_by: str

    @property
    def is_shown(self) -> bool:
        """Whether any case showed it."""
        return bool(self.shown_by)


@dataclass(frozen=True, slots=True)
class Coverage:
    """Everything to cover, in order of file and line."""

    items: tuple[Covered, ...]

    @property
    def percent(self) -> float:
        """The share of things that are shown, 0 to 100; 100 when there is nothing to cover."""
        if not self.items:
            return 100.0
        return 100.0 * sum(covered.is_shown for covered in self.items) / len(self.items)


def coverage_of(policy: Policy, results: Iterable[CaseResult]) -> Coverage:
    """What `results`, the outcome of the tests of `policy`, show of it.

    A rule is binding in a case when its plan names the rule as a reason, or when the plan made without the rule breaks
    it further (for kinds without a judge: is no valid plan with it, or has other values). Failed cases show nothing.
    """
    passed = [result for result in results if result.passed]
    first: dict[Item, str] = {}
    for result in passed:
        for item in sorted(result.shown):
            first.setdefault(item, f"{result.test}: {result.name}")
    found: list[Covered] = []
    for document in policy.documents:
        for item in items_of(document):
            shown_by = first.get(item, "")
            if item.point is Point.BINDING:
                shown_by = next((f"{r.test}: {r.name}" for r in passed if _binds(policy, document, r.planned)), "")
            found.append(Covered(item, document.position(item.path), shown_by))
    return Coverage(tuple(sorted(found, key=lambda one: (one.source.file, one.source.line, one.source.column))))


def items_of(document: Document) -> Iterator[Item]:
    """What is to be shown of a document. A disabled rule, and one that only names others, has nothing to show."""
    spec = document.spec
    if isinstance(spec, Tier):
        yield Item(document.name, "spec", Point.USED)
        for path, condition in conditions_of(spec):
            yield Item(document.name, path, Point.GRANTED)
            if condition.strip() != _ALWAYS:
                yield Item(document.name, path, Point.WITHHELD)
    elif isinstance(spec, Switched) and spec.enabled:
        if type(spec) in JUDGES:
            yield Item(document.name, "spec", Point.SATISFIED)
            yield Item(document.name, "spec", Point.VIOLATED)
        yield Item(document.name, "spec", Point.BINDING)


def _binds(policy: Policy, document: Document, planned: Planned | None) -> bool:
    """Whether the rule made a difference to the plan."""
    if planned is None:
        return False
    name, answer = document.name, planned.answer
    named = [action.rules for action in answer.plan.actions] + [down.rules for down in answer.stays_down]
    if any(name in rules for rules in named):
        return True
    evidence = Evidence(prepare_lazily(planned.snapshot, policy))
    if type(document.spec) in JUDGES and not any(scope.rule == name for scope in evidence.case.scopes):
        return False
    without = replace(policy, documents=tuple(other for other in policy.documents if other is not document))
    try:
        prepared = prepare(planned.snapshot, without)
        free = plan_prepared(prepared, OPTIONS)
    except RefusedError:
        return True
    if type(document.spec) not in JUDGES:
        verdict = verify_plan(planned.snapshot, policy, free.plan, case=evidence.case)
        return not verdict.is_valid or verdict.levels != tuple((level.name, level.value) for level in answer.levels)
    end = verify_plan(planned.snapshot, without, free.plan, case=prepared.case).placement
    return evidence.amounts(end).get(name, 0) > evidence.amounts(planned.placement).get(name, 0)
