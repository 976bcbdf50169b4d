"""Instances that once went wrong: each folder holds snapshot, policy and a one-line story of what happened."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.oracle import best_levels
from trimtab_server.files import read_snapshot
from trimtab_solver.authoring.loader import load_policy
from trimtab_solver.options import PlanOptions
from trimtab_solver.outcome import Outcome
from trimtab_solver.planner import plan_recovery
from trimtab_solver.verify.replay import verify_plan

_STORIES = sorted(Path(__file__).parent.glob("*/story.txt"))


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
    assert answer.outcome in (Outcome.OPTIMAL, Outcome.NO_ACTION_NEEDED)
    assert all(level.gap == 0 for level in answer.levels)


def test_every_saved_instance_has_a_story() -> None:
    """Each folder says in one line what went wrong."""
    folders = {path.parent for path in Path(__file__).parent.glob("*/snapshot.json.gz")}
    assert folders == {story.parent for story in _STORIES}
    assert all(story.read_text().count("\n") == 1 for story in _STORIES)
