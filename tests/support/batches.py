"""A batch of scenarios for runners, and what tests ask about their processes."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import replace

import pytest

from trimtab_server.sampling.generator import generate
from trimtab_server.sampling.options import SampleOptions
from trimtab_solver.authoring.loader import parse_policy
from trimtab_solver.scenarios.generation import losses
from trimtab_solver.what_if.assessing import AssessmentOptions
from trimtab_solver.what_if.runners.runner import Assessed, Assignment
from trimtab_solver.what_if.verdicts import ScenarioVerdict

SAMPLE = generate(SampleOptions(hosts=8, vms=60, load=1.02, seed=4))
ASSIGNMENT = Assignment(SAMPLE.snapshot, parse_policy(SAMPLE.policy), AssessmentOptions(budget_s=0.05, keep_plans=True))
SCENARIOS = tuple(losses(SAMPLE.snapshot, ("rack", "host"), 1))[:6]
LONG = replace(ASSIGNMENT, options=AssessmentOptions(budget_s=600.0, only_losses=False))
"""So much work for each scenario that there is time to end the process."""


def by_number(results: Iterable[Assessed]) -> dict[int, ScenarioVerdict]:
    """Each verdict once."""
    found: dict[int, ScenarioVerdict] = {}
    for number, verdict in results:
        assert number not in found
        found[number] = verdict
    return found


def wait_for(find: Callable[[], list[int]]) -> list[int]:
    """What `find` finds, as soon as it finds something."""
    for _ in range(600):
        if found := find():
            return found
        time.sleep(0.05)
    pytest.fail("there was nothing to be found for half a minute")
