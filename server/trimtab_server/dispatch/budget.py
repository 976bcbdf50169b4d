"""How much time a request gets: of its own limit, of the caller's deadline, of what the server allows."""

from __future__ import annotations

import math
from typing import Final

from ..status import too_short
from .job import Job

LEAST_BUDGET_S: Final = 0.05
"""Planning gets no less than this: the first plan is made however long it takes."""

_LEAST_MARGIN_S: Final = 0.5
_MARGIN_SHARE: Final = 0.2
_LATE_READING_S: Final = 0.5
_LATE_SHARE: Final = 1.5
_LATE_S: Final = 1.0
_SENDING_S: Final = 0.2
"""Kept of that for the answer on its way to the front, or for the reason why there is none."""


def time_to_work_s(max_budget_s: float, remaining_s: float | None) -> float:
    """Seconds from now in which a solver should be done; `remaining_s` is what is left of the caller's deadline.

    A margin is kept from a deadline, in which the answer travels. The result is negative when the margin has begun.
    """
    if remaining_s is None:
        return max_budget_s
    return min(max_budget_s, remaining_s - max(_LEAST_MARGIN_S, _MARGIN_SHARE * remaining_s))


def check_deadline(work_s: float, remaining_s: float | None) -> None:
    """Refuse a call whose deadline leaves no time to plan.

    Raises
    ------
    ServiceError
        DEADLINE_TOO_SHORT.
    """
    if remaining_s is not None and work_s < LEAST_BUDGET_S:
        raise too_short(remaining_s, _LEAST_MARGIN_S + LEAST_BUDGET_S)


def granted_s(job: Job, wanted_s: float | None, now: float, *, reproducible: bool) -> float:
    """Seconds that a request may search; `wanted_s` is the limit in the request itself."""
    if reproducible:
        # neither the clock nor the deadline may shape the answer; one that comes too late is lost instead
        return min(job.default_budget_s if wanted_s is None else wanted_s, job.max_budget_s)
    left_s = job.end_by - now
    if wanted_s is not None:
        return min(wanted_s, left_s)
    return left_s if job.has_deadline else min(job.default_budget_s, left_s)


def read_by(job: Job, wanted_s: float | None, began: float, *, reproducible: bool) -> float:
    """When a request that came at `began` has to be read, checked and compiled: half a second after its budget.

    A first plan takes about as long again, and ends within one and a half budgets and a second. Never, where neither
    clock nor deadline may shape the answer.
    """
    if reproducible:
        return math.inf
    return began + max(granted_s(job, wanted_s, began, reproducible=False), 0.0) + _LATE_READING_S


def most_s(budget_s: float) -> float:
    """Seconds after which a request with that budget has ended, one way or the other."""
    return _LATE_SHARE * max(budget_s, 0.0) + _LATE_S


def late_s(budget_s: float) -> float:
    """Seconds after its budget for which a search is waited for that has a plan: what follows takes as long again."""
    return (most_s(budget_s) - max(budget_s, 0.0) - _SENDING_S) / 2


def answer_by(granted: float, began: float, *, reproducible: bool) -> float:
    """When the answer to a request that came at `began` has to be there. Never, where the clock may not shape it."""
    return math.inf if reproducible else began + most_s(granted) - _SENDING_S


def search_s(job: Job, granted: float, read_s: float, now: float, *, reproducible: bool) -> float:
    """What is left of `granted` seconds for the search, after `read_s` seconds of reading; always enough for a plan."""
    if reproducible:
        return granted
    return max(min(granted - read_s, job.end_by - now), LEAST_BUDGET_S)
