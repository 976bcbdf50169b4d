"""How often parts of a cluster fail, and how long they take to be repaired."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from ...execution.parts import POOL
from ...topology import HOST_KIND

_HOUR = 3600.0
_DAY = 24 * _HOUR
_YEAR = 365 * _DAY
SITE: Final = "site"
"""The kind of failure domain whose loss is a disaster, unless another is named."""


@dataclass(frozen=True, slots=True)
class Reliability:
    """Mean seconds until a part fails (infinite: never), and until it is repaired then."""

    mttf_s: float
    mttr_s: float

    def __post_init__(self) -> None:
        if not self.mttf_s > 0 or not 0 < self.mttr_s < math.inf:
            raise ValueError(
                f"a part fails after {self.mttf_s} s and is repaired after {self.mttr_s} s: both are above 0"
            )

    @property
    def unavailability(self) -> float:
        """The share of time in which it has failed."""
        return 0.0 if math.isinf(self.mttf_s) else self.mttr_s / (self.mttf_s + self.mttr_s)

    @property
    def rate(self) -> float:
        """Failures per second while it works."""
        return 1 / self.mttf_s


@dataclass(frozen=True, slots=True)
class Upkeep:
    """How often each host is emptied for maintenance, and for how long, in seconds."""

    every_s: float = 90 * _DAY
    lasts_s: float = 2 * _HOUR


DEFAULT_RATES: Final[Mapping[str, Reliability]] = MappingProxyType(
    {
        HOST_KIND: Reliability(5 * _YEAR, 8 * _HOUR),
        POOL: Reliability(20 * _YEAR, 24 * _HOUR),
        SITE: Reliability(50 * _YEAR, 48 * _HOUR),
    }
)
"""Round assumptions, by kind; see docs/availability.md."""
_OTHER: Final = Reliability(20 * _YEAR, 8 * _HOUR)


@dataclass(frozen=True, slots=True)
class FailureRates:
    """What is assumed, by kind or by name of a part; `pause_s` is how long maintenance may interrupt out of hours."""

    stated: Mapping[str, Reliability] = field(default_factory=dict)
    upkeep: Upkeep | None = field(default_factory=Upkeep)
    """None: no host is ever emptied."""
    pause_s: int = 0

    def of(self, part: str) -> Reliability:
        """Of a part named as kind:id; what is stated of itself counts before what is stated of its kind."""
        kind = part.partition(":")[0]
        return self.stated.get(part) or self.stated.get(kind) or DEFAULT_RATES.get(kind, _OTHER)
