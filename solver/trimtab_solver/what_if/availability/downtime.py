"""Expected downtime of services, split by cause, with an interval that it lies in."""

from __future__ import annotations

import enum
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .failing_parts import FailingPart
from .failure_rates import Upkeep
from .impact import Impact

Shares = NDArray[np.float64]
"""Shares of all time, [services]."""


class ReckonedBy(enum.StrEnum):
    """How expected downtime was found."""

    FORMULA = "formula"
    """All sets of a few failed parts; the interval is what more of them at once leave open."""
    SIMULATION = "simulation"
    """Random failures and repairs; the interval is one of 95 % confidence."""


@dataclass(frozen=True, slots=True, eq=False)
class ExpectedDowntime:
    """Shares of all time in which each service is down, by cause; all are [services].

    `least` and `most` enclose the sum of the three.
    """

    failure: Shares
    shortage: Shares
    maintenance: Shares
    least: Shares
    most: Shares

    @property
    def total(self) -> Shares:
        """Whatever the cause."""
        return np.minimum(1.0, self.failure + self.shortage + self.maintenance)


def expected_downtime(
    failure: Shares, shortage: Shares, maintenance: Shares, least: Shares, most: Shares
) -> ExpectedDowntime:
    """Adds maintenance to an interval without it; no share is above 1."""
    low, high = np.clip(least + maintenance, 0.0, 1.0), np.clip(most + maintenance, 0.0, 1.0)
    return ExpectedDowntime(failure, shortage, maintenance, low, high)


def whole_share(parts: Iterable[FailingPart]) -> float:
    """The share of time in which nothing has failed."""
    return float(np.prod([1 - part.reliability.unavailability for part in parts]))


def maintenance_downtime(drains: Iterable[Impact], upkeep: Upkeep | None, count: int) -> Shares:
    """The share of time that is lost because each host is emptied now and then, one at a time."""
    share = np.zeros(count)
    if upkeep is None:
        return share
    for drain in drains:
        lasting = np.where(drain.is_down, upkeep.lasts_s + drain.back_s, 0.0)
        share += (drain.out_s + lasting) / upkeep.every_s
    return np.minimum(share, 1.0)
