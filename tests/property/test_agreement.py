"""Engines and judges mean the same by every kind of rule; where not, it is said which rule and in which direction."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from tests.support.agreement import Comparison, Disagreement, Filtering
from tests.support.seeds import chunks, named
from tests.support.strategies import tiny_cluster_under
from trimtab_solver.policy.documents import Document, RuleSpec
from trimtab_solver.primitives.attraction import Wish
from trimtab_solver.primitives.domain_limit import DomainLimit
from trimtab_solver.rules.compile import COMPILERS
from trimtab_solver.rules.context import Context, Primitive
from trimtab_solver.rules.pin import Pin
from trimtab_solver.rules.resize import Resize
from trimtab_solver.rules.spread import Spread

_SHARE = 0.15
Compiled = Iterator[Primitive]


def _disagreements(
    kind: type[RuleSpec], seeds: range, seen: Counter[str] | None = None, shifts: int = 3
) -> list[Disagreement]:
    found: list[Disagreement] = []
    for seed in seeds:
        comparison = Comparison(*tiny_cluster_under(kind, seed))
        found += comparison.run(random.Random(seed), shifts=shifts, targets=3)
        if seen is not None:
            seen.update(comparison.seen)
    return found


@pytest.mark.parametrize("seeds", chunks(_SHARE, first=9_000_000), ids=named)
@pytest.mark.parametrize("kind", COMPILERS, ids=lambda kind: kind.__name__)
def test_engines_and_judge_agree_on_every_kind(kind: type[RuleSpec], seeds: range) -> None:
    """What the judge permits or forbids, exact model, search and greedy do; what it counts, the yardstick counts."""
    assert [str(one) for one in _disagreements(kind, seeds)] == []


@pytest.mark.parametrize("kind", COMPILERS, ids=lambda kind: kind.__name__)
def test_the_clusters_put_every_kind_to_the_test(kind: type[RuleSpec]) -> None:
    """Among 200 clusters the rule permits something, forbids something, and is broken somewhere."""
    seen: Counter[str] = Counter()
    _disagreements(kind, range(9_000_000, 9_000_200), seen)
    assert seen["permitted"]
    assert seen["forbidden"]
    assert seen["counted"] or kind is Resize  # sizes are limits and counted by no level


def _pin_too_much(*arguments: Any) -> Compiled:
    for rule in _compiled(Pin, *arguments):
        if isinstance(rule, Wish):
            yield replace(rule, hosts=rule.hosts[rule.hosts == 0])
        else:
            yield replace(rule, mask=rule.mask & (np.arange(len(rule.mask)) == 0))


def _spread_too_much(*arguments: Any) -> Compiled:
    for group in _compiled(Spread, *arguments):
        yield replace(group, limit=max(group.limit - 1, 0)) if isinstance(group, DomainLimit) else group


def _spread_too_little(*arguments: Any) -> Compiled:
    for group in _compiled(Spread, *arguments):
        yield replace(group, limit=group.limit + 1) if isinstance(group, DomainLimit) else group


def _resize_too_much(*arguments: Any) -> Compiled:
    for rule in _compiled(Resize, *arguments):
        yield replace(rule, percent=dict.fromkeys(("cpu_milli", "memory_mib"), 100))


def _nothing(document: Document, spec: RuleSpec, context: Context) -> Compiled:
    return iter(())


_HONEST = dict(COMPILERS)


def _compiled(kind: type[RuleSpec], *arguments: Any) -> Iterator[Any]:
    return _HONEST[kind](*arguments)


@pytest.mark.parametrize(
    ("kind", "compiler", "filtering"),
    [
        (Pin, _pin_too_much, Filtering.OVER),
        (Pin, _nothing, Filtering.UNDER),
        (Spread, _spread_too_much, Filtering.OVER),
        (Spread, _spread_too_little, Filtering.UNDER),
        (Resize, _resize_too_much, Filtering.OVER),
        (Resize, _nothing, Filtering.UNDER),
    ],
)
def test_a_broken_compilation_is_classed_and_named(
    monkeypatch: pytest.MonkeyPatch,
    kind: type[RuleSpec],
    compiler: Callable[..., Compiled],
    filtering: Filtering,
) -> None:
    """Whoever compiles a kind to more or to less than it means is told which, by every engine that saw it."""
    monkeypatch.setitem(COMPILERS, kind, compiler)
    found = _disagreements(kind, range(9_100_000, 9_100_120), shifts=10)
    assert {(one.kind, one.rule, one.filtering) for one in found} == {(kind.__name__, "rule", filtering)}
    assert {"exact", "search", "greedy"} <= {one.engine for one in found}
