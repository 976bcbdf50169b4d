"""What tiers promise of availability: as numbers, and nothing that others notice."""

from __future__ import annotations

from fractions import Fraction

from tests.support.documents import document, policy_of
from trimtab_solver.rules.tier import Tier


def test_targets_are_read_exactly() -> None:
    """Five nines leave one part in a hundred thousand, not nearly that."""
    policy = policy_of(document("Tier", "gold", "{rank: 1, availabilityTarget: '99.999%', maxRestartTime: 5m}"))
    tier = {document.name: tier for document, tier in policy.of(Tier)}["gold"]
    assert tier.allowed_unavailability == Fraction(1, 100_000)
    assert tier.max_restart_s == 300


def test_who_states_no_target_has_the_digest_of_before() -> None:
    """The fields count in a digest only where they are written."""
    plain, stated = (
        policy_of(document("Tier", "gold", spec)) for spec in ("{rank: 1}", "{rank: 1, maxRestartTime: 5m}")
    )
    assert plain.digest == "7b2a433891ec5f2f62473148ea5181856da75365a812206c1f8cf68e34395f17"
    assert stated.digest != plain.digest
