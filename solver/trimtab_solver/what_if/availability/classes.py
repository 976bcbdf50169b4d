"""The availability class that each service reaches, and what keeps it from the next one."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..verdicts import Basis
from .impact import Impact


class AvailabilityClass(enum.IntEnum):
    """The classes of docs/availability.md; each asks for all that those below it ask for."""

    AEC_0 = 0
    AEC_1 = 1
    AEC_2 = 2
    AEC_3 = 3
    AEC_4 = 4
    AEC_5 = 5

    def __str__(self) -> str:
        return f"AEC-{self.value}"


class Shortfall(enum.StrEnum):
    """Why a service does not reach a class."""

    DATA_LOST = "the data of too many guests is gone"
    NOT_BACK = "it does not serve again"
    TOO_LATE = "it serves again too late"
    INTERRUPTED = "it is interrupted"
    MAINTENANCE = "it is interrupted by maintenance"
    SITE = "it is interrupted by the loss of a site"
    NO_SITES = "the snapshot names no sites"


@dataclass(frozen=True, slots=True)
class ClassLimit:
    """What keeps a service from the class `wanted`: a scenario, empty where there is none to name.

    `interruption_s` is how long it is out of service by the plan found, infinite when it is so in the end. `is_proven`:
    no plan at all would help; else another plan might. `basis` is what the losses of that plan rest on.
    """

    wanted: AvailabilityClass
    why: Shortfall
    scenario: str = ""
    interruption_s: float = 0.0
    is_proven: bool = False
    basis: Basis = Basis.NONE


class _Worst:
    """For each service the scenario that breaks a demand the most: a proven one before others, then by duration."""

    def __init__(self, count: int) -> None:
        self.scenario: NDArray[np.int64] = np.full(count, -1, dtype=np.int64)
        self._weight: NDArray[np.float64] = np.full(count, -1.0)

    def look(self, number: int, breaks: NDArray[np.bool_], impact: Impact, proven: NDArray[np.bool_]) -> None:
        """Takes scenario `number` where it breaks the demand worse than those before."""
        # 1e12 s are longer than any outage that ends
        weight = np.minimum(impact.interruption_s, 1e12) + np.where(proven, 1e13, 0.0)
        better = breaks & (weight > self._weight)
        self.scenario[better] = number
        self._weight[better] = weight[better]


def reached_classes(
    failures: Sequence[Impact],
    drains: Sequence[Impact],
    sites: Sequence[Impact],
    most_s: Sequence[float],
    pause_s: float,
) -> list[tuple[AvailabilityClass, ClassLimit | None]]:
    """By service the class that it reaches, and its limit; none where it reaches the highest.

    `failures` are of single parts other than sites; by `most_s` each service must serve again (infinite: whenever), and
    maintenance may interrupt for `pause_s` below AEC-4.
    """
    count, most = len(most_s), np.array(most_s, dtype=np.float64)
    demands = (
        (AvailabilityClass.AEC_1, failures, lambda i: i.data_lost, lambda i: i.data_lost),
        (AvailabilityClass.AEC_2, failures, lambda i: i.is_down | (i.interruption_s > most), _never),
        (AvailabilityClass.AEC_3, failures, lambda i: i.interruption_s > 0, lambda i: i.at_once),
        (AvailabilityClass.AEC_3, drains, lambda i: i.interruption_s > pause_s, _never),
        (AvailabilityClass.AEC_4, drains, lambda i: i.interruption_s > 0, _never),
        (AvailabilityClass.AEC_5, sites, lambda i: i.interruption_s > 0, lambda i: i.at_once),
    )
    top = AvailabilityClass.AEC_5 if sites else AvailabilityClass.AEC_4
    no_sites = None if sites else ClassLimit(AvailabilityClass.AEC_5, Shortfall.NO_SITES, is_proven=True)
    found: list[tuple[AvailabilityClass, ClassLimit | None]] = [(top, no_sites)] * count
    for wanted, impacts, breaks, proven in reversed(demands):
        worst = _Worst(count)
        for number, impact in enumerate(impacts):
            worst.look(number, breaks(impact), impact, proven(impact))
        for k in np.flatnonzero(worst.scenario >= 0).tolist():
            impact = impacts[worst.scenario[k]]
            limit = ClassLimit(
                wanted,
                _shortfall(wanted, impact, k, impacts is drains),
                impact.scenario,
                float(impact.interruption_s[k]),
                bool(proven(impact)[k]),
                impact.basis,
            )
            found[k] = AvailabilityClass(wanted - 1), limit
    return found


def _never(impact: Impact) -> NDArray[np.bool_]:
    """No limit of this demand is proven: another plan might do better."""
    return np.zeros(len(impact.is_down), dtype=np.bool_)


def _shortfall(wanted: AvailabilityClass, impact: Impact, k: int, is_maintenance: bool) -> Shortfall:
    if wanted is AvailabilityClass.AEC_1:
        return Shortfall.DATA_LOST
    if wanted is AvailabilityClass.AEC_2:
        return Shortfall.NOT_BACK if impact.is_down[k] else Shortfall.TOO_LATE
    if is_maintenance:
        return Shortfall.MAINTENANCE
    return Shortfall.SITE if wanted is AvailabilityClass.AEC_5 else Shortfall.INTERRUPTED


def longest_interruption(impacts: Iterable[Impact], count: int) -> list[tuple[float, str]]:
    """By service, how long the scenario interrupts it that does so for the longest, and its name; 0 if none does."""
    longest: list[tuple[float, str]] = [(0.0, "")] * count
    for impact in impacts:
        seconds = impact.interruption_s
        for k in np.flatnonzero(seconds > 0).tolist():
            if seconds[k] > longest[k][0]:
                longest[k] = float(seconds[k]), impact.scenario
    return longest
