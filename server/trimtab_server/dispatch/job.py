"""What a solver process is told."""

from __future__ import annotations

from dataclasses import dataclass

from .method import Method


@dataclass(frozen=True, slots=True)
class Job:
    """What a solver process is told beside the request. Moments are of `time.monotonic`, which processes share."""

    method: Method
    end_by: float
    """When the solver should be done."""
    has_deadline: bool
    """Whether `end_by` comes from the caller's deadline."""
    default_budget_s: float
    max_budget_s: float
    threads: int
    memory_bytes: int
    answer_bytes: int
    """The largest response that can be sent."""
