"""Whether a plan was made for the input that it is judged by."""

from __future__ import annotations

from dataclasses import dataclass

from ..outcome import Certificate


@dataclass(frozen=True, slots=True)
class StaleInput:
    """An input that is not the one a plan was made for: ``snapshot`` or ``policy``, by digest."""

    input: str
    certified_digest: str
    actual_digest: str


def stale_inputs(certificate: Certificate | None, snapshot_digest: str, policy_digest: str) -> tuple[StaleInput, ...]:
    """What is not what the certificate was made for; nothing without a certificate."""
    if certificate is None:
        return ()
    compared = (
        StaleInput("snapshot", certificate.snapshot_digest, snapshot_digest),
        StaleInput("policy", certificate.policy_digest, policy_digest),
    )
    return tuple(one for one in compared if one.certified_digest != one.actual_digest)
