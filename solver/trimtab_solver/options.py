"""What one request may use, and where it may begin."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

FRONTIER_SHARES = (0.0, 0.5, 1.0, 2.0, 5.0)
"""Shares of the running guests, in percent, at which to look at the disruption frontier unless others are asked for."""


@dataclass(frozen=True, slots=True)
class PlanOptions:
    """What one request may use.

    `budget_s` wall seconds for the search; with `reproducible` the engines stop after a fixed amount of work that
    corresponds to it instead, so that the same input, seed and workers give the same plan on any machine.
    """

    budget_s: float = 10.0
    seed: int = 0
    workers: int = 2
    reproducible: bool = False
    warm_start: Mapping[str, str] | None = None
    """Where guests should end up by an earlier plan, guest id -> host id, "" for down: the search begins there as well.

    Guests and hosts that the snapshot does not know are left out, with a note in the answer.
    """
    frontier: tuple[float, ...] = ()
    """Shares of the running guests, in percent, for each of which the answer says what moving so many buys."""
    late_s: float | None = None
    """How long after the budget a further plan that is in the making is waited for; None: as long as it takes.

    The first plan is always waited for.
    """
    strict: bool = False
    """Whether records of guests that make no sense are refused instead of left alone (`quarantine`)."""
