"""Inclusion of selectors: the index finds what comparing each with each finds."""

from __future__ import annotations

import random

from trimtab_solver.authoring.inclusion import Inclusions
from trimtab_solver.authoring.step_limit import StepLimit
from trimtab_solver.authoring.worlds import worlds_of
from trimtab_solver.policy.documents import Selector
from trimtab_solver.policy.variables import ExpressionScope

_PARTS = (
    "vm.tier == 'a'",
    "vm.tier == 'b'",
    "vm.tier != 'a'",
    "vm.tier in ['a', 'b']",
    "has(vm.labels.app) && vm.labels.app == 'x'",
    "has(vm.labels.app)",
    "!has(vm.labels.app)",
    "vm.requested[?'cpu_milli'].orValue(0) >= 4",
    "event.hardware_failures > 1",
    "'gpu' in vm.device_needs",
    "vm.id.startsWith('v')",
)


def _selector(draw: random.Random) -> Selector:
    cel = draw.choice((" && ", " || ")).join(f"({part})" for part in draw.sample(_PARTS, draw.randint(1, 3)))
    labels = {"app": draw.choice("xy")} if draw.random() < 0.3 else None
    return Selector(match_labels=labels, cel=cel)


def _includes(wide: Selector, narrow: Selector) -> bool:
    worlds = worlds_of(ExpressionScope.VM, [narrow, wide])
    return worlds is not None and bool(found := worlds.where(narrow)) and found <= worlds.where(wide)


def test_all_inclusions_are_found() -> None:
    """Random selectors over few variables: the same pairs as by comparing each with each, in order of number."""
    found = 0
    for seed in range(12):
        draw = random.Random(seed)
        selectors = [_selector(draw) for _ in range(14)]
        inclusions = Inclusions(selectors, StepLimit(10_000_000))
        for n, narrow in enumerate(selectors):
            around = [inclusion.number for inclusion in inclusions.around(n)]
            assert around == [w for w, wide in enumerate(selectors) if w != n and _includes(wide, narrow)]
            found += len(around)
    assert found > 100


def test_no_more_is_compared_than_allowed() -> None:
    """Without steps nothing is found, and the limit says that something is missing."""
    steps = StepLimit(0)
    inclusions = Inclusions([Selector(cel="vm.tier == 'a'"), Selector(cel="vm.tier in ['a', 'b']")], steps)
    assert not list(inclusions.around(0))
    assert steps.is_exceeded
