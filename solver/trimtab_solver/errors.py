"""What a caller can do wrong, as values that name the place, the value and the fix.

Exceptions here are a caller's mistake (`UnverifiedPlanError` alone is ours). Answers such as "infeasible"
are values (`outcome.py`), never exceptions.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable
from dataclasses import dataclass


class Reason(enum.StrEnum):
    """Stable reason codes. The same words are used on the wire (`trimtab.v1.ErrorReason`) and never change meaning."""

    INVALID_REQUEST = "INVALID_REQUEST"
    MALFORMED_FILE = "MALFORMED_FILE"
    DUPLICATE_ID = "DUPLICATE_ID"
    UNKNOWN_REFERENCE = "UNKNOWN_REFERENCE"
    DOMAIN_CYCLE = "DOMAIN_CYCLE"
    OUT_OF_RANGE = "OUT_OF_RANGE"
    INCONSISTENT_STATE = "INCONSISTENT_STATE"
    EMPTY_CLUSTER = "EMPTY_CLUSTER"
    POLICY_SYNTAX = "POLICY_SYNTAX"
    POLICY_FIELD = "POLICY_FIELD"
    POLICY_EXPRESSION = "POLICY_EXPRESSION"
    POLICY_CONFLICT = "POLICY_CONFLICT"
    POLICY_EVALUATION = "POLICY_EVALUATION"
    NO_TIER = "NO_TIER"
    AMBIGUOUS_TIER = "AMBIGUOUS_TIER"


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong with the input.

    `path` is a field path such as ``snapshot.vms[3].host_id`` or a position such as ``tiers.yaml:14:7 spec.rank``.
    """

    reason: Reason
    path: str
    message: str
    fix: str = ""

    def __str__(self) -> str:
        return f"{self.path}: {self.message}" + (f" ({self.fix})" if self.fix else "")


class RefusedError(Exception):
    """The input cannot be planned. `faults` holds every problem found, not only the first."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = tuple(faults)
        if not self.faults:
            raise ValueError("a refusal names at least one fault")
        super().__init__("\n".join(str(fault) for fault in self.faults))

    def __reduce__(self) -> tuple[type[RefusedError], tuple[tuple[Fault, ...]]]:
        return (type(self), (self.faults,))

    @property
    def reason(self) -> Reason:
        """The reason of the first fault: the one shown as the request's own."""
        return self.faults[0].reason


class SnapshotRefusedError(RefusedError):
    """The snapshot contradicts itself or names things it does not hold."""


class PolicyRefusedError(RefusedError):
    """A policy document is malformed, contradicts another, or cannot be evaluated on this snapshot."""


class UnverifiedPlanError(Exception):
    """No engine produced a plan that passes the verifier: a bug in trimtab. The message lists the violations."""
