"""A kind that no engine has heard of: written here, registered for a test, and heeded by all of them.

It is the example of docs/adding-a-rule.md. Nothing but the registries knows of it.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pytest
from pydantic import Field

from tests.property.test_exact import _solve, _target
from tests.support.agreement import Comparison
from tests.support.oracle import best_levels
from tests.support.reading.rules import READERS, Amounts, Count, Place
from tests.support.reading.words import Words
from tests.support.seeds import chunks, named
from tests.support.strategies import policy_of, tiny_cluster
from tests.support.targets import judged, problem_of, values_of
from trimtab_solver.authoring.lint import lint
from trimtab_solver.authoring.loader import DOCUMENT_KINDS, parse_policy
from trimtab_solver.engines.bounds.bound import aggregated_bounds
from trimtab_solver.engines.exact_model import ExactModel
from trimtab_solver.engines.greedy import repair
from trimtab_solver.engines.search import SearchOptions, search
from trimtab_solver.options import PlanOptions
from trimtab_solver.planner import plan_recovery
from trimtab_solver.policy.documents import Document, Policy, RuleSpec, Selector
from trimtab_solver.policy.fields import DomainKind, VmSelector
from trimtab_solver.policy.selection import Selection
from trimtab_solver.primitives.domain_exclusion import DomainExclusion
from trimtab_solver.review.coverage import coverage_of
from trimtab_solver.review.testing import run_tests
from trimtab_solver.rules import KINDS
from trimtab_solver.rules.compile import COMPILERS
from trimtab_solver.rules.context import Context
from trimtab_solver.snapshot import Snapshot
from trimtab_solver.verify.domains import DomainMaps
from trimtab_solver.verify.judges import JUDGES
from trimtab_solver.verify.replay import verify_plan
from trimtab_solver.verify.scope import Cell, Change, Effect, Key, OrderedScope, Safeguard, Scope, ScopeTally

_SHARE = 0.1


# --- meaning and compilation ------------------------------------------------------------------------------------------


class Solitary(RuleSpec):
    """No other guest runs in the domain of a selected one. Counted per domain: the fewest that would have to leave."""

    select: VmSelector
    topology: DomainKind = Field(min_length=1)


def _compile(document: Document, spec: Solitary, context: Context) -> Iterator[DomainExclusion]:
    domains = context.domain(document, "spec.topology", spec.topology, is_must=spec.is_must)
    chosen = set(context.chosen(document, spec, "spec.select", spec.select))
    alone, others = context.members(chosen), context.members(context.vm_index.keys() - chosen)
    if len(alone) and len(others):
        yield DomainExclusion(
            rule=document.name,
            key="",
            must=spec.is_must,
            weight=spec.weight or 0,
            domains=domains,
            left=alone,
            right=others,
        )


# --- judge ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class SolitaryScope(OrderedScope):
    chosen: frozenset[str]
    domains: Mapping[str, str]

    def effects(self, tally: ScopeTally, changes: Sequence[Change]) -> Iterator[Effect]:
        for _, left, entered in changes:
            coming, going = ([(self.key(cell), 0)] if cell else [] for cell in (entered, left))
            yield Effect(coming, going)

    def safeguards(self, tally: ScopeTally, changes: Sequence[Change], key: Key) -> Iterator[Safeguard]:
        """None is looked for."""
        return iter(())

    def cell(self, vm_id: str, host_id: str) -> Cell | None:
        return self.domains[host_id], int(vm_id in self.chosen)

    def key(self, cell: Cell) -> Key:
        return cell[0]

    def amount(self, tally: ScopeTally, key: Key) -> int:
        return min(tally.counts.get((key, side), 0) for side in (0, 1))


def _scopes(document: Document, spec: Solitary, selection: Selection, domains: DomainMaps) -> Iterator[Scope]:
    chosen = frozenset(selection.vms(document, "spec.select", spec.select)) & selection.wanted
    if chosen and chosen != selection.wanted:
        members = tuple(vm.id for vm in selection.snapshot.vms if vm.is_wanted)
        where = domains.of(spec.topology)
        yield SolitaryScope(document.name, spec.level, spec.weight or 1, "", members, chosen, where)


# --- the reading of the brute force -----------------------------------------------------------------------------------


def _read(words: Words, spec: Solitary) -> Count:
    chosen, everybody = ({vm.id for vm in words.guests(selector)} for selector in (spec.select, None))
    domains = words.domains(spec.topology)

    def count(place: Place) -> Amounts:
        for domain in set(domains.values()):
            there = {vm_id for vm_id, host_id in place.items() if domains[host_id] == domain}
            yield domain, min(len(there & chosen), len(there & (everybody - chosen)))

    return count


@pytest.fixture(autouse=True)
def _registered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(KINDS, "Solitary", Solitary)
    monkeypatch.setattr("trimtab_solver.authoring.loader.DOCUMENT_KINDS", {**DOCUMENT_KINDS, "Solitary": Solitary})
    compilers: dict[Any, Any] = COMPILERS
    judges: dict[Any, Any] = JUDGES
    monkeypatch.setitem(compilers, Solitary, _compile)
    monkeypatch.setitem(judges, Solitary, _scopes)
    readers: dict[Any, Any] = READERS
    monkeypatch.setitem(readers, Solitary, _read)


def _cluster(seed: int, *, alone: bool = False) -> tuple[Snapshot, Policy]:
    """A tiny cluster under its tiers and rules and one more; with `alone` under tiers and this one only."""
    snapshot, policy = tiny_cluster(seed)
    rule = Solitary(select=Selector(match_labels={"zone": "ab"[seed % 2]}), topology=("host", "rack")[seed // 2 % 2])
    others = {d.name: d.spec for d in policy.documents if not (alone and isinstance(d.spec, RuleSpec))}
    return snapshot, policy_of({**others, "solitary": rule})


# --- engines ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seeds", chunks(_SHARE, first=9_500_000), ids=named)
def test_every_engine_heeds_it(seeds: range) -> None:
    """Exact equals brute force; greedy and search are valid and no better; no bound is above; the plan is verified."""
    for seed in seeds:
        snapshot, policy = _cluster(seed)
        problem = problem_of(snapshot, policy)
        best, _ = best_levels(snapshot, policy)
        exact = _target(_solve(ExactModel(problem), seed))
        assert values_of(problem, exact) == best, seed
        start = repair(problem)
        found = search(problem, SearchOptions(0.02, seed, workers=1, reproducible=True), start).target
        for target in (exact, start, found):
            verdict = judged(snapshot, policy, problem, target)
            assert verdict.is_valid, (seed, verdict.violations)
            assert best <= list(verdict.levels), seed
        values = tuple(value for _, value in best)
        assert all(bound <= value for bound, value in zip(aggregated_bounds(problem, values), values, strict=True)), (
            seed
        )
        answer = plan_recovery(snapshot, policy, PlanOptions(budget_s=60, workers=1))
        assert verify_plan(snapshot, policy, answer.plan).is_valid, seed
        assert best <= [(level.name, level.value) for level in answer.levels], seed


def test_it_makes_a_difference() -> None:
    """Without it the best of all targets would often break it, and the verifier says so."""
    broken = 0
    for seed in range(9_500_000, 9_500_060):
        snapshot, policy = _cluster(seed)
        without = replace(policy, documents=tuple(d for d in policy.documents if d.name != "solitary"))
        free = problem_of(snapshot, without)
        target = _target(_solve(ExactModel(free), seed))
        violations = judged(snapshot, policy, free, target).violations
        broken += any(violation.rule == "solitary" for violation in violations)
    assert broken > 5


def test_engines_and_judge_agree_on_it() -> None:
    """What the judge permits or forbids, every engine does."""
    for seed in range(9_500_000, 9_500_100):
        comparison = Comparison(*_cluster(seed, alone=True))
        assert [str(one) for one in comparison.run(random.Random(seed), shifts=3, targets=3)] == []


# --- tools ------------------------------------------------------------------------------------------------------------

_FILES = {
    "policy.yaml": b"""
apiVersion: trimtab/v1
kind: Tier
metadata: {name: gold}
spec: {rank: 1}
---
apiVersion: trimtab/v1
kind: Solitary
metadata: {name: licensed}
spec: {select: {matchLabels: {licence: dongle}}, topology: host}
---
apiVersion: trimtab/v1
kind: PolicyTest
metadata: {name: t}
spec:
  fixtures:
    hosts: {"h[1-2]": {}}
    vms:
      a: {tier: gold, labels: {licence: dongle}, host: h1}
      b: {tier: gold, host: h2}
  cases:
    - name: alone
      expect: {violations: []}
    - name: in company
      placement: {b: h1}
      expect: {violations: [licensed], plan: {violations: [], maxMigrations: 1}}
"""
}


def test_loader_lint_tests_and_coverage_know_it() -> None:
    """They work from the registries: its YAML is read, its tests run, it is seen satisfied, violated and binding."""
    policy = parse_policy(_FILES)
    assert lint(policy) == []
    results = run_tests(policy)
    assert [failure for result in results for failure in result.failures] == []
    assert coverage_of(policy, results).percent == 100.0
