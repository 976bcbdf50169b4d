"""How much time a request gets."""

from __future__ import annotations

import math

import pytest

from tests.support.solving import PLAN, job_of
from trimtab_server.dispatch.budget import (
    LEAST_BUDGET_S,
    answer_by,
    check_deadline,
    granted_s,
    late_s,
    most_s,
    read_by,
    search_s,
    time_to_work_s,
)
from trimtab_server.status import ServiceError


@pytest.mark.parametrize(
    ("remaining_s", "work_s"),
    [(None, 300.0), (1.0, 0.5), (2.5, 2.0), (10.0, 8.0), (100.0, 80.0), (1000.0, 300.0), (0.1, -0.4)],
)
def test_a_margin_is_kept_from_deadlines(remaining_s: float | None, work_s: float) -> None:
    """Half a second or a fifth, whatever is more; never more than the server allows."""
    assert time_to_work_s(300.0, remaining_s) == pytest.approx(work_s)


def test_deadlines_within_the_margin_are_refused() -> None:
    """The refusal says what remains and what is needed; without a deadline nothing is refused."""
    check_deadline(0.05, 0.55)
    check_deadline(0.0, None)
    with pytest.raises(ServiceError, match=r"0\.540 s remain .* more than 0\.550 s"):
        check_deadline(0.04, 0.54)


@pytest.mark.parametrize(
    ("wanted_s", "has_deadline", "reproducible", "granted"),
    [
        (None, False, False, 10.0),
        (None, True, False, 20.0),
        (5.0, False, False, 5.0),
        (25.0, False, False, 20.0),
        (None, True, True, 10.0),
        (25.0, True, True, 25.0),
        (99.0, False, True, 60.0),
    ],
)
def test_the_least_limit_counts(wanted_s: float | None, has_deadline: bool, reproducible: bool, granted: float) -> None:
    """Of request, deadline (20 s are left) and server (10 s by default, 60 s at most); reproducibly without a clock."""
    job = job_of(PLAN, end_by=120.0, has_deadline=has_deadline)
    assert granted_s(job, wanted_s, 100.0, reproducible=reproducible) == granted


def test_reading_takes_from_the_search() -> None:
    """What was granted less the time to read, up to the job's end; a first plan is made even with nothing left."""
    job = job_of(PLAN, end_by=120.0)
    assert search_s(job, 5.0, 2.0, 100.0, reproducible=False) == 3.0
    assert search_s(job, 5.0, 2.0, 119.0, reproducible=False) == 1.0
    assert search_s(job, 5.0, 2.0, 500.0, reproducible=True) == 5.0
    assert search_s(job, 2.0, 2.0, 100.0, reproducible=False) == LEAST_BUDGET_S


def test_reading_ends_with_the_budget_and_half_a_second() -> None:
    """Of the request, the deadline or the server, whatever is least; never in reproducible mode."""
    job = job_of(PLAN, end_by=120.0)
    assert read_by(job, 5.0, 100.0, reproducible=False) == 105.5
    assert read_by(job, None, 100.0, reproducible=False) == 110.5
    assert read_by(job, 5.0, 119.0, reproducible=False) == 120.5
    assert read_by(job, 5.0, 121.0, reproducible=False) == 121.5
    assert read_by(job, 5.0, 100.0, reproducible=True) == math.inf


def test_an_answer_is_there_before_a_process_is_ended() -> None:
    """A process has one and a half budgets and a second, and gives its reasons before; never in reproducible mode."""
    assert [most_s(budget_s) for budget_s in (-1.0, 0.0, 0.2, 10.0)] == [1.0, 1.0, 1.3, 16.0]
    assert read_by(job_of(PLAN, end_by=120.0), 2.0, 100.0, reproducible=False) < answer_by(
        2.0, 100.0, reproducible=False
    )
    assert 103.5 < answer_by(2.0, 100.0, reproducible=False) < 100.0 + most_s(2.0)
    assert 102.0 < 102.0 + late_s(2.0) < answer_by(2.0, 100.0, reproducible=False)
    assert answer_by(2.0, 100.0, reproducible=True) == math.inf
