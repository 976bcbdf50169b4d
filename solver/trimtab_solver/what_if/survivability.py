"""The survivability report: which failures lose guests, what each part costs, and what hangs on one part alone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from ..outcome import Outcome
from ..prepared import Prepared
from ..scenarios.scenario import Scenario
from .loss_order import LossOrder
from .runners.runner import Assessed
from .single_points import SinglePoint, single_points
from .verdicts import Basis, ScenarioVerdict


@dataclass(frozen=True, slots=True)
class ScenarioLoss:
    """What a failure costs in the end."""

    scenario: str
    """Its name."""
    parts: tuple[str, ...]
    """What fails, as kind:id."""
    lost: Mapping[str, int]
    """By tier, highest rank first, how many guests that ran before do not run; tiers that lose nobody are left out."""
    basis: Basis
    only_together: bool = False
    """Several parts fail, and the loss of each by itself costs nobody."""

    @property
    def is_proven(self) -> bool:
        """Whether no plan loses less. Where nobody is lost a verified plan shows it."""
        return not self.lost or self.basis.is_proven


@dataclass(frozen=True, slots=True)
class PartRanking:
    """All parts of a kind by what the loss of each alone costs, the worst first."""

    kind: str
    losses: tuple[ScenarioLoss, ...]

    @property
    def survived(self) -> int:
        """How many of them cost nobody."""
        return sum(not loss.lost for loss in self.losses)


@dataclass(frozen=True, slots=True)
class TierLosses:
    """The failures of one part, and of several, that lose guests of a tier: the worst first."""

    tier: str
    single: tuple[ScenarioLoss, ...]
    several: tuple[ScenarioLoss, ...]


@dataclass(frozen=True, slots=True)
class ShownPoint:
    """A single point of failure, and the scenario in which its part is lost; None where that was not assessed."""

    point: SinglePoint
    shown_by: ScenarioLoss | None


@dataclass(frozen=True, slots=True)
class Survivability:
    """What a cluster survives."""

    losses: tuple[ScenarioLoss, ...]
    """Every failure that was assessed, the worst first: tiers of the highest rank count first."""
    tiers: tuple[TierLosses, ...]
    """Every tier that loses guests in some of them, highest rank first."""
    kinds: tuple[PartRanking, ...]
    single_points: tuple[ShownPoint, ...]
    unknown: tuple[tuple[str, str], ...] = ()
    """Scenarios of which nothing is known, and why."""

    @property
    def survived(self) -> int:
        """How many of the failures lose nobody."""
        return sum(not loss.lost for loss in self.losses)


def survivability(start: Prepared, scenarios: Sequence[Scenario], results: Iterable[Assessed]) -> Survivability:
    """What verdicts on losses of parts (`scenarios.generation.losses`) say of the cluster.

    `results` are what any runner makes of `scenarios`, in any order; those that are missing are not reported.

    Raises
    ------
    PolicyRefusedError
        When the policy cannot be evaluated on the cluster.
    """
    order = LossOrder(start.selection)
    found: list[ScenarioLoss] = []
    unknown: list[tuple[str, str]] = []
    for number, verdict in sorted(results, key=lambda result: result.number):
        if why := _why_unknown(verdict):
            unknown.append((verdict.scenario, why))
        else:
            lost = {tier: verdict.last.lost[tier] for tier in order.tiers if tier in verdict.last.lost}
            found.append(ScenarioLoss(verdict.scenario, _parts(scenarios[number]), lost, verdict.last.basis))
    single = {loss.parts[0]: loss for loss in found if len(loss.parts) == 1}
    marked = (replace(loss, only_together=_is_only_together(loss, single)) for loss in found)
    # the sort is stable: of equal ones the first scenario comes first
    ranked = tuple(sorted(marked, key=lambda loss: order.weight(loss.lost), reverse=True))
    shown = tuple(ShownPoint(point, single.get(point.part)) for point in single_points(start))
    return Survivability(ranked, tuple(_by_tier(order, ranked)), tuple(_by_kind(ranked)), shown, tuple(unknown))


def _why_unknown(verdict: ScenarioVerdict) -> str:
    last = verdict.last
    if last.basis is not Basis.NONE:
        return ""
    reasons = [str(fault) for fault in last.refused] if last.outcome is Outcome.REFUSED else last.notes
    return "; ".join(reasons) or "it has no plan"


def _parts(scenario: Scenario) -> tuple[str, ...]:
    return tuple(dict.fromkeys(part for _, step in scenario.each_step() for part in step.fail))


def _is_only_together(loss: ScenarioLoss, single: Mapping[str, ScenarioLoss]) -> bool:
    if len(loss.parts) < 2 or not loss.lost:
        return False
    return all(part in single and not single[part].lost for part in loss.parts)


def _by_tier(order: LossOrder, ranked: Sequence[ScenarioLoss]) -> Iterator[TierLosses]:
    for tier in order.tiers:
        own = [loss for loss in ranked if tier in loss.lost]
        if own:
            single = tuple(loss for loss in own if len(loss.parts) == 1)
            yield TierLosses(tier, single, tuple(loss for loss in own if len(loss.parts) != 1))


def _by_kind(ranked: Sequence[ScenarioLoss]) -> Iterator[PartRanking]:
    kinds: dict[str, list[ScenarioLoss]] = {}
    for loss in ranked:
        if len(loss.parts) == 1:
            kinds.setdefault(loss.parts[0].partition(":")[0], []).append(loss)
    for kind in sorted(kinds):
        yield PartRanking(kind, tuple(kinds[kind]))
