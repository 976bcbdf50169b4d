"""What a solver process is told."""

from __future__ import annotations

from dataclasses import dataclass

from trimtab_solver.policy.documents import Policy

LEAST_BUDGET_S = 0.05
"""With less time than this planning does not begin."""


@dataclass(frozen=True, slots=True)
class Job:
    """What a solver process is told beside the request. Moments are of `time.monotonic`, which processes share."""

    method: str
    """Name of the call; empty for the probe that checks that solver processes can start."""
    end_by: float
    """When the solver should be done."""
    has_deadline: bool
    """Whether `end_by` comes from the caller's deadline."""
    default_budget_s: float
    max_budget_s: float
    threads: int
    memory_bytes: int
    policy: Policy | None
    """The server's own policy."""
