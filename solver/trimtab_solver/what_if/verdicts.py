"""What comes of a scenario."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field

from ..actions import Plan
from ..errors import Fault
from ..outcome import LevelValue, Outcome
from ..review.expectations import Unmet


class Basis(enum.StrEnum):
    """What the losses of a verdict rest on: the levels up to the last that counts guests which do not run."""

    BOUND = "BOUND"
    """Proven least: no plan can lose less, by counting, by prices, or because nothing is lost."""
    EXACT = "EXACT"
    """Proven least by an engine that has looked at all plans."""
    BEST_FOUND = "BEST_FOUND"
    """The best plan found; less may be possible, but not below the bounds."""
    NONE = "NONE"
    """On nothing: there is no plan, because the cluster is refused as it is then, or its process died."""

    @property
    def is_proven(self) -> bool:
        """Whether no plan loses less."""
        return self in (Basis.BOUND, Basis.EXACT)


@dataclass(frozen=True, slots=True)
class TierFate:
    """What becomes of the guests of one tier: beside how they were before the scenario, after its last plan.

    Of those that ran before each is kept, moved, restarted or lost. Times are seconds after the last step.
    """

    tier: str
    """Name of its document."""
    wanted: int = 0
    ran_before: int = 0
    kept: int = 0
    """Run on where they were, at least in the end."""
    moved: int = 0
    """Run elsewhere, and never ceased to."""
    restarted: int = 0
    """Ceased to run on the way, and run in the end."""
    lost: int = 0
    """Do not run in the end."""
    stopped: int = 0
    """Of those lost: stopped or suspended by a plan, to make room."""
    shrunk: int = 0
    """Run in the end with less than they request."""
    started: int = 0
    """Did not run before, and do in the end."""
    waiting: int = 0
    """Did not run before, nor in the end."""
    back_median_s: int = 0
    """When half of those that the last plan brings back serve again; 0 where it brings back nobody."""
    back_last_s: int = 0
    """When the last of them does."""


@dataclass(frozen=True, slots=True)
class StepVerdict:
    """What comes of one step, with the plan for it; or why the cluster is refused as it is then."""

    outcome: Outcome
    basis: Basis
    losses: tuple[LevelValue, ...] = ()
    """Value and bound of the levels up to the last that counts guests which do not run."""
    tiers: tuple[TierFate, ...] = ()
    """Every tier that has wanted guests, highest rank first."""
    broken: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    """By document (or ``(room)``, ``(suitability)``): how far it is broken before the scenario and after the plan."""
    hardware_failures: int = 0
    makespan_s: int = 0
    """Seconds until the last action of the plan ends."""
    actions: int = 0
    plan_digest: str = ""
    plan: Plan | None = None
    """The verified plan, where it is asked for."""
    refused: tuple[Fault, ...] = ()
    notes: tuple[str, ...] = ()
    """Defects of engines, in words: the plan is verified all the same."""

    @property
    def lost(self) -> Mapping[str, int]:
        """By tier, how many guests that ran before do not run in the end; tiers that lose nobody are left out."""
        return {tier.tier: tier.lost for tier in self.tiers if tier.lost}


@dataclass(frozen=True, slots=True)
class ScenarioVerdict:
    """What comes of a scenario: of each of its steps, in order."""

    scenario: str
    """Its name."""
    steps: tuple[StepVerdict, ...]
    unmet: tuple[Unmet, ...] = ()
    """Of a drill, what was expected and does not hold."""

    @classmethod
    def unassessed(cls, scenario: str, why: str) -> ScenarioVerdict:
        """Says that nothing is known of the scenario, and why."""
        return cls(scenario, (StepVerdict(Outcome.FEASIBLE, Basis.NONE, notes=(why,)),))

    @property
    def last(self) -> StepVerdict:
        """What comes of it in the end."""
        return self.steps[-1]
