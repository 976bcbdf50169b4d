"""Tier: how much a guest matters, and what may be done to it when there is not enough room."""

from __future__ import annotations

import enum
from typing import Annotated

from pydantic import Field

from ..policy.documents import Spec, Strict
from ..policy.fields import EventCondition, VmSelector
from .shares import Floor, percent


class Availability(enum.StrEnum):
    """What it means when a guest of the tier cannot run."""

    MUST_RUN = "must-run"
    """The answer is INFEASIBLE once that is proven."""
    BEST_EFFORT = "best-effort"


class EvictionAction(enum.StrEnum):
    """How a running guest is taken off its host to make room."""

    STOP = "stop"
    SUSPEND = "suspend"


class Eviction(Strict):
    """The right to stop running guests of the tier while `when` holds (CEL over ``event``, returns bool)."""

    when: EventCondition
    action: EvictionAction = Field(default=EvictionAction.STOP, strict=False)


class Shrinking(Strict):
    """The right to shrink guests of the tier while `when` holds.

    `floor` gives, per resource, the share of the request that always stays ("75%"); resources not named never shrink.
    A guest's own `guaranteed` amount is a floor too, and so is what a `Resize` leaves it: the highest one counts.
    """

    when: EventCondition = "true"
    floor: Floor
    cost: Annotated[int, Field(ge=1, le=1000)] = 1
    """Weight of one unit of shrinkage at the shrinkage level."""

    def floor_percent(self, resource: str) -> int:
        """The share of the request of `resource` that stays, 0 to 100."""
        return percent(self.floor.get(resource, "100%"))


class Tier(Spec):
    """A service level. Without `select` it holds the guests whose ``tier`` field is the document's name."""

    select: VmSelector | None = None
    overrides: tuple[str, ...] = Field(default=(), strict=False)
    """Names of tiers. A guest that one of them selects as well belongs to this tier; else that is an error."""
    rank: Annotated[int, Field(ge=0, le=1000)]
    """Higher ranks are served first: no number of guests of a lower rank outweighs one of a higher."""
    value: Annotated[int, Field(ge=1, le=1_000_000)] = 1
    """What one running guest counts within its rank."""
    availability: Availability = Field(default=Availability.BEST_EFFORT, strict=False)
    evict: Eviction | None = None
    """Absent: its running guests are never stopped."""
    resize: Shrinking | None = None
    """Absent: its guests always have what they request."""
    no_overcommit: tuple[str, ...] = Field(default=(), strict=False)
    """Resources that are backed one to one by hardware for guests of this tier."""
    allow_cold_migration: bool = False
    """Whether a running guest may be stopped and started again elsewhere for the sake of a move."""
