"""A plan that was made for other input is told from one that was not."""

from __future__ import annotations

from trimtab_solver.outcome import Certificate
from trimtab_solver.verify.staleness import StaleInput, stale_inputs

MADE_FOR = Certificate("s", "p", (), seed=0, reproducible=False, verified=True)


def test_what_differs_is_named_with_both_digests() -> None:
    """Snapshot, policy, both or neither."""
    assert stale_inputs(MADE_FOR, "s", "p") == ()
    assert stale_inputs(MADE_FOR, "other", "p") == (StaleInput("snapshot", "s", "other"),)
    assert stale_inputs(MADE_FOR, "s", "other") == (StaleInput("policy", "p", "other"),)
    assert len(stale_inputs(MADE_FOR, "x", "y")) == 2


def test_without_a_certificate_nothing_is_stale() -> None:
    """There is nothing to compare with."""
    assert stale_inputs(None, "s", "p") == ()
