"""Every sample policy passes its own tests, and they show everything that can be shown."""

from __future__ import annotations

from pathlib import Path

import pytest

from trimtab_solver.authoring.loader import load_policy
from trimtab_solver.review.contradictions import find_contradictions
from trimtab_solver.review.coverage import coverage_of
from trimtab_solver.review.testing import run_tests

SAMPLES = Path(__file__).parents[3] / "samples" / "policies"


@pytest.mark.parametrize("folder", sorted(path.name for path in SAMPLES.iterdir() if path.is_dir()))
def test_sample_policies_pass_their_tests_with_full_coverage(folder: str) -> None:
    """No case fails, each rule and right is covered, and no rules contradict each other."""
    policy = load_policy(SAMPLES / folder)
    results = run_tests(policy)
    assert [failure for result in results for failure in result.failures] == []
    assert find_contradictions(policy).conflicts == ()
    coverage = coverage_of(policy, results)
    assert [one.item for one in coverage.items if not one.is_shown] == []
    assert coverage.items
