"""What the tests of a policy show of it: each rule satisfied, violated, binding; each right granted and withheld."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property

from ..errors import RefusedError
from ..planner import plan_prepared
from ..policy.documents import Document, Policy, Source, Switched
from ..prepared import prepare, prepare_lazily
from ..rules.tier import Tier
from ..verify.judges import JUDGES
from ..verify.replay import verify_plan
from .evidence import Evidence, Item, Point, conditions_of
from .testing import OPTIONS, CaseResult

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
    cases = [_Case(policy, result) for result in passed]
    found: list[Covered] = []
    for document in policy.documents:
        for item in items_of(document):
            shown_by = first.get(item, "")
            if item.point is Point.BINDING:
                shown_by = next((case.name for case in cases if case.binds(document)), "")
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


class _Case:
    """A case that passed. What is asked for every rule is looked up once."""

    def __init__(self, policy: Policy, result: CaseResult) -> None:
        self.name = f"{result.test}: {result.name}"
        self._policy, self._planned = policy, result.planned

    @cached_property
    def _evidence(self) -> Evidence:
        assert self._planned is not None
        return Evidence(prepare_lazily(self._planned.snapshot, self._policy))

    @cached_property
    def _concerning(self) -> frozenset[str]:
        """The rules that concern somebody here: what others are broken by does not hang on the plan."""
        return frozenset(scope.rule for scope in self._evidence.case.scopes if scope.members)

    @cached_property
    def _reasons(self) -> frozenset[str]:
        """The rules that the plan names."""
        assert self._planned is not None
        answer = self._planned.answer
        named = [action.rules for action in answer.plan.actions] + [down.rules for down in answer.stays_down]
        return frozenset(name for names in named for name in names)

    def binds(self, document: Document) -> bool:
        """Whether the rule made a difference to the plan."""
        if self._planned is None:
            return False
        planned, name, is_judged = self._planned, document.name, type(document.spec) in JUDGES
        if name in self._reasons:
            return True
        if is_judged and name not in self._concerning:
            return False
        others = tuple(other for other in self._policy.documents if other is not document)
        without = replace(self._policy, documents=others)
        try:
            prepared = prepare(planned.snapshot, without)
            free = plan_prepared(prepared, OPTIONS)
        except RefusedError:
            return True
        if not is_judged:
            verdict = verify_plan(planned.snapshot, self._policy, free.plan, case=self._evidence.case)
            values = tuple((level.name, level.value) for level in planned.answer.levels)
            return not verdict.is_valid or verdict.levels != values
        end = verify_plan(planned.snapshot, without, free.plan, case=prepared.case).placement
        return self._evidence.amounts(end).get(name, 0) > self._amounts.get(name, 0)

    @cached_property
    def _amounts(self) -> dict[str, int]:
        assert self._planned is not None
        return self._evidence.amounts(self._planned.placement)
