"""What reading and lint do grows with the policy, not with its square: counted in calls, for shapes that are hard."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from functools import partial
from types import FrameType

import pytest

from benchmarks.growth.shapes import SHAPES, files_of
from tests.support.documents import document, policy_of
from trimtab_solver.authoring.lint import lint, lint_files
from trimtab_solver.authoring.lint.repetitions import repetition_findings
from trimtab_solver.authoring.loader import parse_policy
from trimtab_solver.authoring.step_limit import StepLimit
from trimtab_solver.policy.documents import Policy

_SIZES = (40, 320)
_MOST = 1.2
"""The exponent of the calls in the number of documents."""


def _calls(work: Callable[[], object]) -> int:
    """How many functions are called."""
    count = 0

    def see(frame: FrameType, event: str, argument: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(see)
    try:
        work()
    finally:
        sys.setprofile(before)
    return count


@pytest.mark.parametrize("shape", SHAPES)
def test_calls_grow_with_the_number_of_documents(shape: str) -> None:
    """Eight times as many documents or entries take at most twelve times as many calls, or what lint may do at most."""
    lint_files(files_of(SHAPES[shape], 2))
    less, more = (_calls(partial(lint_files, files_of(SHAPES[shape], number))) for number in _SIZES)
    assert math.log(more / less) / math.log(_SIZES[1] / _SIZES[0]) <= _MOST


def _exhaust(policy: Policy, steps: StepLimit) -> None:
    assert not list(repetition_findings(policy, steps))


def test_what_cannot_be_told_apart_cheaply_has_a_limit_that_is_reported() -> None:
    """Selectors that leave one guest out each are compared with all others: lint stops, says so, and does no more."""
    calls = []
    for number in (300, 600):
        policy = parse_policy(files_of(SHAPES["rules for all but one guest"], number))
        steps = StepLimit(20_000)
        calls.append(_calls(partial(_exhaust, policy, steps)))
        assert steps.is_exceeded
    assert calls[1] < 2.1 * calls[0]
    assert [finding.rule for finding in lint(policy)] == ["work-limit"]


def _requirement(name: str, cel: str) -> str:
    return document("HostRequirement", name, f'{{select: {{cel: "{cel}"}}, require: host.cpu_generation >= 2}}')


def test_each_rule_is_said_once_to_be_without_effect() -> None:
    """Of rules that say the same, all but one; of narrower ones, each with the first that is wider."""
    policy = policy_of(
        document("Tier", "gold", "{rank: 100}"),
        _requirement("a", "vm.tenant == 'x'"),
        _requirement("b", "vm.tenant == 'x'"),
        _requirement("c", "vm.tenant == 'x'"),
        _requirement("d", "'x' == vm.tenant"),
        _requirement("e", "vm.tenant == 'x' && vm.group == 'g'"),
        _requirement("f", "vm.tenant == 'y'"),
    )
    found = [finding.message.split(" (")[0] for finding in lint(policy)]
    assert found == [
        "HostRequirement b: says the same as a",
        "HostRequirement c: says the same as a",
        "HostRequirement d: a",
        "HostRequirement e: a",
    ]
