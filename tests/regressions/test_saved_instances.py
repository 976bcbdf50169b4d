"""Instances that once went wrong: each folder holds snapshot, policy and a one-line story of what happened.

Where words were wrong, `says.txt` has what the report must say, a text per line.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.case_files import run
from tests.support.oracle import best_levels
from trimtab_server.files import read_snapshot
from trimtab_solver.authoring.loader import load_policy
from trimtab_solver.options import PlanOptions
from trimtab_solver.outcome import Outcome
from trimtab_solver.planner import plan_recovery
from trimtab_solver.rules.tier import Availability, Tier
from trimtab_solver.verify.replay import verify_plan

_STORIES = sorted(Path(__file__).parent.glob("*/story.txt"))
_TOLD = [story for story in _STORIES if story.with_name("says.txt").exists()]


@pytest.mark.parametrize("story", _STORIES, ids=lambda story: story.parent.name)
def test_saved_instance_is_solved(story: Path) -> None:
    """The plan passes a fresh verifier, no plan was rejected on the way, and brute force finds nothing better."""
    snapshot = read_snapshot(story.parent / "snapshot.json.gz")
    policy = load_policy(story.parent / "policy.yaml")
    answer = plan_recovery(snapshot, policy, PlanOptions(budget_s=60))
    verdict = verify_plan(snapshot, policy, answer.plan)
    assert verdict.is_valid, verdict.violations
    assert not answer.engine_faults
    best, _ = best_levels(snapshot, policy)
    assert [(level.name, level.value) for level in answer.levels] == best == list(verdict.levels)
    tiers = {document.name: tier for document, tier in policy.of(Tier)}
    is_lost = any(tiers[one.tier].availability is Availability.MUST_RUN for one in answer.stays_down)
    proven = (Outcome.INFEASIBLE,) if is_lost else (Outcome.OPTIMAL, Outcome.NO_ACTION_NEEDED)
    assert answer.outcome in proven
    assert all(level.gap == 0 for level in answer.levels)


@pytest.mark.parametrize("story", _TOLD, ids=lambda story: story.parent.name)
def test_saved_instance_is_told(story: Path) -> None:
    """The report says each of the texts, whichever way its lines are broken."""
    state, rules = story.parent / "snapshot.json.gz", story.parent / "policy.yaml"
    done = run("plan", state, "--policy", rules, "--reproducible", "--format", "markdown")
    told = done.out.replace("\\", "").replace(" | ", " ")
    for text in (story.parent / "says.txt").read_text().splitlines():
        assert text in told, done.out


def test_every_saved_instance_has_a_story() -> None:
    """Each folder says in one line what went wrong."""
    folders = {path.parent for path in Path(__file__).parent.glob("*/snapshot.json.gz")}
    assert folders == {story.parent for story in _STORIES}
    assert all(story.read_text().count("\n") == 1 for story in _STORIES)
